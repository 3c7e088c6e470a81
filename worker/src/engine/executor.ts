import { setTimeout } from "node:timers/promises";
import { describeError, PermanentError, SweepError } from "../contract/errors.ts";
import { Leases } from "../queue/leases.ts";
import type { Delivery, MessageQueue } from "../queue/message-queue.ts";
import { openStore } from "../stores/open.ts";
import { closeWhenComplete } from "./closing.ts";
import { ExecutorSlot } from "./executor-slot.ts";
import { QueuedRun } from "./queued-run.ts";
import { Turnstile } from "./turnstile.ts";
import type { WorkerLog } from "./worker.ts";

/** The longest wait for a message: an empty poll is one request. */
const POLL_SECONDS = 20;
/** The wait when a run may be complete. */
const SHORT_POLL_SECONDS = 1;
/** Before the next attempt to reach a queue that is away. It doubles with each failure in a row. */
const PAUSE_SECONDS = { first: 1, longest: 30 } as const;

/** The settings of an executor. */
export interface ExecutorOptions {
  readonly queue: MessageQueue;
  /** How long the queue leaves a message to this process without a renewal. */
  readonly leaseSeconds: number;
  /** The place of all runs: `s3://<bucket>/<prefix>`. A run's results are at `<resultsRoot>/<run>`. */
  readonly resultsRoot: string;
  /** How many messages it works on at a time. */
  readonly slots: number;
  /** How long it works on a message, before it gives the rest back. */
  readonly sliceSeconds: number;
  readonly stopGraceSeconds: number;
  /** MiB of memory for each slot. @default no limit */
  readonly memoryLimitMiB: number | undefined;
  readonly s3RequestTimeoutMs: number;
  readonly log: WorkerLog;
  /** Stops the executor: it commits what is finished, and gives the rest back. */
  readonly signal: AbortSignal;
}

/**
 * Works on the messages of a queue until it is stopped. The bucket alone knows what is done, so that nothing is lost or wrong if this
 * process ends at any moment, or if a message comes twice. An error of a run is written into that run, and ends nothing else.
 *
 * @throws PermanentError if the queue cannot be used: it does not exist, or this process may not receive from it.
 */
export async function runExecutor(options: ExecutorOptions): Promise<void> {
  const executor = new Executor(options);
  try {
    await executor.receive();
  } finally {
    await executor.end();
  }
}

class Executor {
  readonly #options: ExecutorOptions;
  readonly #slots: readonly ExecutorSlot[];
  readonly #runs = new Map<string, QueuedRun>();
  /** Runs of which a range was finished since somebody looked whether they are complete. */
  readonly #touched = new Set<string>();

  constructor(options: ExecutorOptions) {
    this.#options = options;
    const slotOptions = {
      ...options,
      leases: new Leases(options.queue, options.leaseSeconds),
      runOf: (name: string) => this.#runOf(name),
      touched: this.#touched,
      turnstile: new Turnstile(),
      yieldAll: () => {
        for (const slot of this.#slots) slot.yield();
      },
    };
    this.#slots = Array.from({ length: options.slots }, () => new ExecutorSlot(slotOptions));
    options.signal.addEventListener("abort", () => void this.end(), { once: true });
  }

  /** Receives messages until the executor is stopped: one request at a time, because an aborted one may still take a message. */
  async receive(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const free = this.#slots.filter(({ working }) => working === undefined);
      if (free.length === 0) {
        await Promise.race(this.#slots.map(({ working }) => working));
        continue;
      }
      const isIdle = free.length === this.#slots.length;
      const deliveries = await this.#poll(
        free.length,
        isIdle && this.#touched.size > 0 ? SHORT_POLL_SECONDS : POLL_SECONDS,
      );
      for (const [index, delivery] of deliveries.entries()) free[index]?.begin(delivery);
      if (deliveries.length === 0 && !signal.aborted) await this.#closeTouched();
    }
  }

  /** Gives back what is in work. */
  async end(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.end()));
  }

  #failuresInARow = 0;
  #hasReceived = false;

  async #poll(most: number, waitSeconds: number): Promise<readonly Delivery[]> {
    const { queue, signal, log } = this.#options;
    try {
      const deliveries = await queue.receive(most, waitSeconds, signal);
      this.#failuresInARow = 0;
      this.#hasReceived = true;
      return deliveries;
    } catch (error) {
      // A queue that has worked may be away, and come back.
      if (!(error instanceof SweepError) || (error instanceof PermanentError && !this.#hasReceived)) throw error;
      const { first, longest } = PAUSE_SECONDS;
      const pauseSeconds = Math.min(longest, first * 2 ** this.#failuresInARow++);
      log.warn({ pauseSeconds }, error.message);
      // An abort rejects the timer's promise.
      await setTimeout(pauseSeconds * 1000, undefined, { signal }).catch(() => {});
      return [];
    }
  }

  async #closeTouched(): Promise<void> {
    for (const name of [...this.#touched]) {
      this.#touched.delete(name);
      try {
        await closeWhenComplete(await this.#runOf(name), name, this.#options.queue);
      } catch (error) {
        this.#touched.add(name);
        this.#options.log.warn({ run: name }, `cannot tell whether ${name} is complete: ${describeError(error)}`);
      }
    }
  }

  async #runOf(name: string): Promise<QueuedRun> {
    const { resultsRoot, s3RequestTimeoutMs } = this.#options;
    const known = this.#runs.get(name);
    if (known !== undefined) return known;
    const run = new QueuedRun(await openStore(`${resultsRoot}/${name}`, { s3RequestTimeoutMs }));
    this.#runs.set(name, run);
    return run;
  }
}
