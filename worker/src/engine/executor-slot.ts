import { setTimeout } from "node:timers/promises";
import { describeError, PermanentError, type SweepError, TemporaryError } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import { countOf, type Range } from "../parameters/ranges.ts";
import { piecesOf, splitRest } from "../parameters/splitting.ts";
import type { Leases } from "../queue/leases.ts";
import type { Delivery, MessageQueue } from "../queue/message-queue.ts";
import { parseMessage, type QueueMessage, type RangeMessage, rangeMessage } from "../queue/messages.ts";
import { verify } from "../results/verify.ts";
import { REPORT_FILES } from "../stores/store.ts";
import { killedWithWorker } from "../supervisor/in-work.ts";
import type { QueuedRun, QueuedSettings } from "./queued-run.ts";
import { RunSession, type Slice } from "./run-session.ts";
import type { Turnstile } from "./turnstile.ts";
import type { WorkerLog } from "./worker.ts";

/** Evaluations that stay loaded, one for each run. */
const MOST_SESSIONS = 2;
/** Pieces of a range with which somebody died: three deaths find one parameter among a million. */
const PIECES_OF_A_SUSPECT = 100;
/**
 * A parameter is given up at this receive: the first may have died with another slot's parameter, and at the second and the third it was
 * alone in its executor. The queue gives a message up at the sixth.
 */
const GIVEN_UP_AT_RECEIVE = 4;
/** Before a message is tried again whose run or store failed. It doubles with each failure in a row. */
const RETRY_SECONDS = { first: 15, longest: 900 } as const;
/** A run is failed when its evaluation could not be loaded so often in a row, for reasons that may pass. */
const MOST_FAILED_LOADS = 3;
const REPLACE_AGAIN_AFTER_MS = 1_000;

/** What the slots of an executor share. */
export interface SlotOptions {
  readonly queue: MessageQueue;
  readonly leases: Leases;
  readonly runOf: (name: string) => Promise<QueuedRun>;
  /** The names of runs of which a range was finished. */
  readonly touched: Set<string>;
  readonly turnstile: Turnstile;
  /** Asks all slots to give back what they work on. */
  readonly yieldAll: () => void;
  readonly sliceSeconds: number;
  readonly stopGraceSeconds: number;
  readonly memoryLimitMiB: number | undefined;
  readonly s3RequestTimeoutMs: number;
  readonly log: WorkerLog;
  readonly signal: AbortSignal;
}

/** What follows a message that is done. */
interface Rest {
  readonly messages: readonly QueueMessage[];
  readonly delaySeconds?: number;
}

const NOTHING: Rest = { messages: [] };

/** The message must stay in the queue, for another version of the executor or for the dead-letter queue. */
class NotOurs extends Error {}

/** Works on one message at a time. */
export class ExecutorSlot {
  readonly #options: SlotOptions;
  /** By run, the one that was used last at the end. */
  readonly #sessions = new Map<string, RunSession>();
  readonly #failedLoads = new Map<string, number>();
  #failuresInARow = 0;
  #current: RunSession | undefined;
  #working: Promise<void> | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** Resolves when the message in work is done. Undefined without one. */
  get working(): Promise<void> | undefined {
    return this.#working;
  }

  /** Begins with a message. */
  begin(delivery: Delivery): void {
    this.#working = this.#handle(delivery).finally(() => {
      this.#working = undefined;
    });
  }

  /** Gives the message in work back, after the parameters in work. */
  yield(): void {
    this.#current?.yield();
  }

  /** Ends all evaluations. The message in work is given back. */
  async end(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.end()));
    await this.#working;
  }

  async #handle(delivery: Delivery): Promise<void> {
    const { leases, log } = this.#options;
    let isLost = false;
    leases.hold(delivery, () => {
      isLost = true;
      log.warn({ message: delivery.text }, "the lease of a message has ended: somebody else may have it");
      this.yield();
    });
    try {
      const { messages, delaySeconds } = await this.#restOf(delivery);
      // The lease ends when the queue is away for longer.
      while (!isLost && !(await this.#replace(delivery, messages, delaySeconds)))
        await setTimeout(REPLACE_AGAIN_AFTER_MS);
    } catch (error) {
      const why = error instanceof NotOurs ? error.message : describeError(error);
      log.warn({ message: delivery.text, receives: delivery.receives }, `a message stays in the queue: ${why}`);
    } finally {
      leases.release(delivery);
    }
  }

  /** Sends what is left of a message, and then deletes it. @returns false if the queue is away. */
  async #replace(delivery: Delivery, messages: readonly QueueMessage[], delaySeconds?: number): Promise<boolean> {
    const { queue } = this.#options;
    try {
      await queue.send(messages, delaySeconds);
      await queue.delete(delivery);
      return true;
    } catch (error) {
      if (error instanceof TemporaryError) return false;
      throw error;
    }
  }

  async #restOf(delivery: Delivery): Promise<Rest> {
    const message = parseMessage(delivery.text);
    if (message === undefined) throw new NotOurs("it is no message of this version of sweep");
    const run = await this.#options.runOf(message.run);
    try {
      const { settings, stop } = await this.#submitted(run);
      if (stop !== undefined) return NOTHING;
      const rest =
        message.format === "sweep-close/1"
          ? await this.#close(run, message)
          : await this.#workOn(run, settings, message, delivery.receives);
      this.#failuresInARow = 0;
      return rest;
    } catch (error) {
      if (error instanceof NotOurs) throw error;
      // Its own attempts are counted by the queue.
      if (message.format === "sweep-close/1") throw error;
      if (error instanceof PermanentError) return this.#fail(run, message, error);
      return this.#again(message, error);
    }
  }

  async #submitted(run: QueuedRun) {
    try {
      return await run.read();
    } catch (error) {
      throw error instanceof PermanentError ? new NotOurs(error.message) : error;
    }
  }

  async #workOn(run: QueuedRun, settings: QueuedSettings, message: RangeMessage, receives: number): Promise<Rest> {
    const { touched, turnstile, sliceSeconds, log, signal } = this.#options;
    const session = await this.#sessionOf(run, message.run, settings);
    if (signal.aborted) return { messages: [message] };
    const pending = await session.pendingOf(message);
    touched.add(message.run);
    if (pending.length === 0) return NOTHING;
    this.#current = session;
    try {
      let slice: Slice;
      if (receives === 1) {
        slice = await turnstile.together(() => session.work(message, sliceSeconds));
      } else {
        log.warn({ ...message, receives }, `somebody has ended with this range, it is divided or run alone`);
        if (countOf(pending) > 1)
          return restOf(message.run, piecesOf(pending, Math.min(countOf(pending), PIECES_OF_A_SUSPECT)));
        const [{ start: parameter }] = pending as [Range];
        if (receives >= GIVEN_UP_AT_RECEIVE) {
          await session.giveUp(killedWithWorker(parameter));
          return NOTHING;
        }
        slice = await turnstile.alone(this.#options.yieldAll, () => session.work(message, sliceSeconds));
      }
      const { left, committed, seconds } = slice;
      log.info({ run: message.run, start: message.start, count: message.count, committed, seconds }, "slice");
      if (left.length === 0) return NOTHING;
      // Given back early, the rate may be that of no parameter at all.
      if (signal.aborted || committed === 0) return restOf(message.run, piecesOf(left, 1));
      return restOf(message.run, splitRest(left, { perSecond: committed / seconds, sliceSeconds }));
    } finally {
      this.#current = undefined;
      if (session.hasEnded) this.#forget(message.run);
    }
  }

  /** Verifies a complete run, and writes its receipt. */
  async #close(run: QueuedRun, message: QueueMessage): Promise<Rest> {
    const { signal, log, s3RequestTimeoutMs } = this.#options;
    const reader = await run.reader();
    if ((await reader.readReport(REPORT_FILES.receipt)) !== undefined) return NOTHING;
    const stopped = new Promise<"stopped">((resolve) =>
      signal.addEventListener("abort", () => resolve("stopped"), { once: true }),
    );
    const verified = verify(run.store.url, { s3RequestTimeoutMs });
    verified.catch(() => {});
    if (signal.aborted || (await Promise.race([verified, stopped])) === "stopped") return { messages: [message] };
    const { receipt } = await verified;
    log.info({ run: message.run, present: receipt.present, failed: receipt.failed }, "complete and verified");
    return NOTHING;
  }

  async #sessionOf(run: QueuedRun, name: string, settings: QueuedSettings): Promise<RunSession> {
    const loaded = this.#sessions.get(name);
    this.#sessions.delete(name);
    if (loaded !== undefined && !loaded.hasEnded) {
      this.#sessions.set(name, loaded);
      return loaded;
    }
    const { log } = this.#options;
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= MOST_SESSIONS && oldest !== undefined) await this.#forget(oldest);
    const session = await this.#load(run, name, settings);
    this.#sessions.set(name, session);
    log.info({ run: name, evaluation: session.identity.evaluation }, "loaded");
    return session;
  }

  async #load(run: QueuedRun, name: string, settings: QueuedSettings): Promise<RunSession> {
    const { log, memoryLimitMiB, stopGraceSeconds } = this.#options;
    try {
      const session = await RunSession.open(run, settings, {
        memoryLimitMiB,
        stopGraceSeconds,
        onFailures: (failures) => {
          for (const { parameter, kind, error } of failures.slice(0, 3))
            log.warn({ run: name, parameter, kind, error }, `parameter ${parameter} failed: ${error}`);
        },
        onSlowDown: () => log.warn({ run: name }, `${run.store.url} asks for fewer requests (SlowDown)`),
      });
      this.#failedLoads.delete(name);
      return session;
    } catch (error) {
      if (!(error instanceof TemporaryError)) throw error;
      const failed = (this.#failedLoads.get(name) ?? 0) + 1;
      this.#failedLoads.set(name, failed);
      if (failed < MOST_FAILED_LOADS) throw error;
      throw new PermanentError(`${error.message} (${formatCount(failed)} times)`, { cause: error });
    }
  }

  async #forget(name: string): Promise<void> {
    const session = this.#sessions.get(name);
    this.#sessions.delete(name);
    await session?.end();
  }

  /** Writes the error into the run, where everybody sees it. */
  async #fail(run: QueuedRun, message: RangeMessage, error: SweepError): Promise<Rest> {
    this.#options.log.warn({ run: message.run }, `${message.run} has failed: ${error.message}`);
    try {
      await run.stop("failed", error.message);
      return NOTHING;
    } catch (unwritten) {
      return this.#again(message, unwritten);
    }
  }

  /** Gives a message back as a new one, because this receive must not count as a death. */
  #again(message: RangeMessage, error: unknown): Rest {
    const { first, longest } = RETRY_SECONDS;
    const delaySeconds = Math.min(longest, first * 2 ** Math.min(10, this.#failuresInARow++));
    this.#options.log.warn({ ...message, delaySeconds }, `a message comes again later: ${describeError(error)}`);
    return { messages: [message], delaySeconds };
  }
}

function restOf(run: string, ranges: readonly Range[]): Rest {
  return { messages: ranges.map((range) => rangeMessage(run, range)) };
}
