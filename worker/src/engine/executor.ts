import { setTimeout } from "node:timers/promises";
import { PermanentError, SweepError } from "../contract/errors.ts";
import { Leases } from "../queue/leases.ts";
import type { Delivery, MessageQueue } from "../queue/message-queue.ts";
import { parseMessage } from "../queue/messages.ts";
import { openStore } from "../stores/open.ts";
import { Completion } from "./completion.ts";
import { ExecutorSlot, type KnownRun } from "./executor-slot.ts";
import { QueuedRun } from "./queued-run.ts";
import { Turnstile } from "./turnstile.ts";
import type { WorkerLog } from "./worker-hooks.ts";

/** The longest wait for a message: an empty poll is one request. */
const POLL_SECONDS = 20;
/** Before the next attempt to reach a queue that is away. It doubles with each failure in a row. */
const PAUSE_SECONDS = { first: 1, longest: 30 } as const;
/** Runs that the executor remembers, each with a client of its bucket. */
const MOST_RUNS = 20;
/** After the grace of a stop, for commits and for the queue. What is not given back by then comes again when its lease ends. */
const GIVE_BACK_WITHIN_MS = 35_000;

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
  /** MiB of memory, which the slots share. @default no limit */
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
  const { signal, stopGraceSeconds, log } = options;
  const executor = new Executor(options);
  const late = new Promise<"late">((resolve) => {
    const give = () =>
      setTimeout(stopGraceSeconds * 1000 + GIVE_BACK_WITHIN_MS, undefined, { ref: false }).then(() => resolve("late"));
    signal.addEventListener("abort", give, { once: true });
  });
  if ((await Promise.race([executor.work(), late])) === "late")
    log.warn(
      {},
      "stopped: the queue or the bucket does not answer, so that work in hand comes again when its lease ends",
    );
  else log.info({}, "stopped: what was in work is given back");
}

class Executor {
  readonly #options: ExecutorOptions;
  readonly #turnstile = new Turnstile();
  readonly #slots: readonly ExecutorSlot[];
  /** The one that was used last is at the end. */
  readonly #runs = new Map<string, KnownRun>();
  #failuresInARow = 0;
  #hasReceived = false;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    const { memoryLimitMiB, slots } = options;
    const slotOptions = {
      ...options,
      memoryLimitMiB: memoryLimitMiB === undefined ? undefined : Math.floor(memoryLimitMiB / slots),
      leases: new Leases(options.queue, options.leaseSeconds),
      runOf: (name: string) => this.#runOf(name),
      turnstile: this.#turnstile,
      yieldAll: () => {
        for (const slot of this.#slots) slot.yield();
      },
    };
    this.#slots = Array.from({ length: slots }, () => new ExecutorSlot(slotOptions));
  }

  /** Works until it is stopped, and gives back what is in work. */
  async work(): Promise<void> {
    const { signal } = this.#options;
    const end = () => void this.#end();
    signal.addEventListener("abort", end, { once: true });
    try {
      await this.#receive();
    } finally {
      signal.removeEventListener("abort", end);
      await this.#end();
      // An evaluation that was loaded meanwhile.
      await this.#end();
    }
  }

  async #end(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.end()));
  }

  /** Receives messages until the executor is stopped: one request at a time, because an aborted one may still take a message. */
  async #receive(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const free = this.#slots.filter(({ working }) => working === undefined);
      // A message that waits must not be in this process when somebody dies alone.
      if (free.length === 0 || this.#turnstile.isClosed) {
        await Promise.race(this.#slots.flatMap(({ working }) => working ?? []));
        continue;
      }
      for (const delivery of await this.#poll(free.length)) {
        const run = parseMessage(delivery.text)?.run ?? "";
        const loaded = free.findIndex((slot) => slot.hasLoaded(run));
        const [slot] = free.splice(Math.max(0, loaded), 1);
        slot?.begin(delivery);
      }
    }
  }

  async #poll(most: number): Promise<readonly Delivery[]> {
    const { queue, signal, log } = this.#options;
    try {
      const deliveries = await queue.receive(most, POLL_SECONDS, signal);
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

  async #runOf(name: string): Promise<KnownRun> {
    const { resultsRoot, s3RequestTimeoutMs } = this.#options;
    const known = this.#runs.get(name) ?? {
      run: new QueuedRun(await openStore(`${resultsRoot.replace(/\/+$/, "")}/${name}`, { s3RequestTimeoutMs })),
      completion: new Completion(),
    };
    this.#runs.delete(name);
    this.#runs.set(name, known);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > MOST_RUNS && oldest !== undefined) this.#runs.delete(oldest);
    return known;
  }
}
