import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { describeError, PermanentError, RefusedError, SweepError, shorten } from "../contract/errors.ts";
import { endOf, type Range } from "../parameters/ranges.ts";
import { piecesOf, splitRest } from "../parameters/splitting.ts";
import type { Leases } from "../queue/leases.ts";
import type { Delivery, MessageQueue } from "../queue/message-queue.ts";
import { parseMessage, type QueueMessage, type RangeMessage, rangeMessage } from "../queue/messages.ts";
import { IncompleteError } from "../results/missing.ts";
import { verifyWithTable } from "../results/table-beside.ts";
import { REPORT_FILES } from "../stores/store.ts";
import { killedWithWorker } from "../supervisor/in-work.ts";
import type { Completion } from "./completion.ts";
import { type QueuedRun, UnknownRunError } from "./queued-run.ts";
import type { RunInStore, RunSession, Slice } from "./run-session.ts";
import { RunSessions } from "./run-sessions.ts";
import { unlessStopped } from "./stopping.ts";
import { afterDeath, isGivenUp, mustBeAlone } from "./suspects.ts";
import type { Turnstile } from "./turnstile.ts";
import type { WorkerLog } from "./worker-hooks.ts";

/** Before a message is tried again whose run or store is away. It doubles with each time in a row. */
const RETRY_SECONDS = { first: 15, longest: 900 } as const;
/** A message whose run or store was away so often in a row is left to the dead-letter queue: that is after five hours. */
const MOST_TRIES = 24;
/** A run fails when its bucket has refused a message so often in a row: after 105 s, in which a change of a role is in effect. */
const MOST_REFUSALS = 3;
/** Between two attempts to send what is left of a message to a queue that is away. It doubles with each. */
const INSIST_AFTER_SECONDS = { first: 1, longest: 8 } as const;
/** Failed parameters that a commit logs one by one. */
const LOGGED_FAILURES = 3;
const LOGGED_CHARACTERS_OF_A_FOREIGN_MESSAGE = 300;

/** A run that the executor knows. */
export interface KnownRun {
  readonly run: QueuedRun;
  readonly completion: Completion;
}

/** What the slots of an executor share. */
export interface SlotOptions {
  readonly queue: MessageQueue;
  readonly leases: Leases;
  readonly runOf: (name: string) => Promise<KnownRun>;
  readonly turnstile: Turnstile;
  /** Asks all slots to give back what they work on. */
  readonly yieldAll: () => void;
  readonly sliceSeconds: number;
  readonly stopGraceSeconds: number;
  /** MiB of memory for this slot. @default no limit */
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

/** A message in work. */
interface Task<M extends QueueMessage = QueueMessage> {
  readonly message: M;
  readonly delivery: Delivery;
  /** Whether it runs while no other slot works. */
  readonly isAlone: boolean;
  /** Whether somebody else may have it, because its lease has ended. */
  isLost: boolean;
}

/** The message must stay in the queue, for another version of the executor or for the dead-letter queue. */
class NotOurs extends Error {}

/**
 * Works on one message at a time. The order is always: commit, send what is left, delete the message. Wherever this process ends, the
 * message comes again, and its receiver finds in the bucket what is done.
 */
export class ExecutorSlot {
  readonly #options: SlotOptions;
  readonly #sessions: RunSessions;
  #current: RunSession | undefined;
  #working: Promise<void> | undefined;

  constructor(options: SlotOptions) {
    const { memoryLimitMiB, stopGraceSeconds, signal, log } = options;
    this.#options = options;
    this.#sessions = new RunSessions(
      (run) => ({
        memoryLimitMiB,
        stopGraceSeconds,
        onFailures: (failures) => {
          for (const { parameter, kind, error } of failures.slice(0, LOGGED_FAILURES))
            log.warn({ run, parameter, kind, error }, `parameter ${parameter} failed: ${error}`);
        },
        onSlowDown: () => log.warn({ run }, `the bucket of ${run} asks for fewer requests (SlowDown)`),
      }),
      signal,
    );
  }

  /** Resolves when the message in work is done. Undefined without one. */
  get working(): Promise<void> | undefined {
    return this.#working;
  }

  /** Whether the evaluation of a run is loaded. */
  hasLoaded(run: string): boolean {
    return this.#sessions.has(run);
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
    await this.#sessions.endAll();
    await this.#working;
  }

  async #handle(delivery: Delivery): Promise<void> {
    const { leases, log } = this.#options;
    const message = parseMessage(delivery.text);
    try {
      if (message === undefined) throw new NotOurs("it is no message of this version of sweep");
      const task: Task = { message, delivery, isAlone: mustBeAlone(message), isLost: false };
      leases.hold(delivery, () => {
        task.isLost = true;
        log.warn({ ...message }, "the lease of a message has ended: somebody else may have it");
        this.yield();
      });
      await this.#takeTurn(task);
    } catch (error) {
      const why = error instanceof NotOurs ? error.message : describeError(error);
      const text = shorten(delivery.text, LOGGED_CHARACTERS_OF_A_FOREIGN_MESSAGE);
      log.warn({ message: text, receives: delivery.receives }, `a message stays in the queue: ${why}`);
    } finally {
      leases.release(delivery);
    }
  }

  /**
   * A parameter with which somebody died is alone in this process from its message's receive to its end, so that its death counts for no
   * other message. A message that came together with it is given back as a new one.
   */
  async #takeTurn(task: Task): Promise<void> {
    const { turnstile, yieldAll } = this.#options;
    const { message, isAlone } = task;
    if (turnstile.isClosed) return this.#replace(task, { messages: [message] });
    const work = async () => this.#replace(task, await this.#restOf(task));
    await (isAlone ? turnstile.alone(yieldAll, work) : turnstile.together(work));
  }

  /** Sends what is left of a message, and then deletes it. */
  async #replace(task: Task, { messages, delaySeconds }: Rest): Promise<void> {
    const { queue } = this.#options;
    await this.#insist(task, () => queue.send(messages, delaySeconds));
    await this.#insist(task, () => queue.delete(task.delivery));
  }

  /**
   * Repeats a request until it succeeds, or until the lease of the message ends: a message that is left alone comes again, and somebody
   * counts a death. The queue has answered before, so that an error which would last may pass as well: somebody may mend a policy.
   */
  async #insist(task: Task, request: () => Promise<void>): Promise<void> {
    const { first, longest } = INSIST_AFTER_SECONDS;
    for (let pauseSeconds: number = first; !task.isLost; pauseSeconds = Math.min(longest, 2 * pauseSeconds)) {
      try {
        return await request();
      } catch (error) {
        if (!(error instanceof SweepError)) throw error;
        this.#options.log.warn({ ...task.message, pauseSeconds }, error.message);
        await setTimeout(pauseSeconds * 1000);
      }
    }
  }

  async #restOf(task: Task): Promise<Rest> {
    const { signal } = this.#options;
    const { message } = task;
    const { run, completion } = await this.#options.runOf(message.run);
    let found: RunInStore | undefined;
    try {
      found = await this.#find(run);
      if (found === undefined) return NOTHING;
      return message.format === "sweep-close/1"
        ? await this.#close(run, message)
        : await this.#workOn(run, completion, found, task as Task<RangeMessage>);
    } catch (error) {
      if (error instanceof NotOurs || error instanceof UnknownRunError) throw error;
      if (error instanceof RefusedError && (message.tries ?? 0) < MOST_REFUSALS) return this.#again(message, error);
      if (error instanceof PermanentError || error instanceof IncompleteError)
        return this.#fail(run, message, { error, found });
      return signal.aborted ? { messages: [message] } : this.#again(message, error);
    }
  }

  /** A run that is to be worked on; undefined if it was cancelled or has failed. */
  async #find(run: QueuedRun): Promise<RunInStore | undefined> {
    const { settings, stop } = await run.read();
    return stop === undefined ? { store: run.store, reader: await run.reader(), settings } : undefined;
  }

  async #workOn(run: QueuedRun, completion: Completion, found: RunInStore, task: Task<RangeMessage>): Promise<Rest> {
    const { sliceSeconds, queue, log, signal } = this.#options;
    const { message, delivery } = task;
    const { identity } = found.reader;
    if (endOf(message) > identity.totalParameters) throw new NotOurs("its range is not one of the run");
    if (delivery.receives > 1) {
      log.warn({ ...message, receives: delivery.receives }, "an executor had this range, and did not give it back");
      // As soon as the run is known: a message whose receivers all end must not reach the dead-letter queue, and a foreign one must.
      return { messages: afterDeath(message) };
    }
    const pending = await run.pendingOf(identity, message);
    if (pending.length > 0) {
      const { left, committed, seconds } = await this.#work(found, pending, task);
      // A slice that was given up early may tell the rate of no parameter at all.
      const isRated = committed > 0 && !signal.aborted;
      const pieces = isRated ? splitRest(left, { perSecond: committed / seconds, sliceSeconds }) : piecesOf(left, 1);
      if (left.length > 0) return { messages: pieces.map((range) => rangeMessage(message.run, range)) };
    }
    // Before the message is deleted, so that no end of this process leaves a complete run without a receipt.
    await completion.closeWhenComplete(run, identity, message.run, queue);
    return NOTHING;
  }

  async #work(found: RunInStore, pending: readonly Range[], task: Task<RangeMessage>): Promise<Slice> {
    const { turnstile, sliceSeconds, log, signal } = this.#options;
    const { message } = task;
    const session = await this.#sessions.of(message.run, found);
    const isUnwanted = signal.aborted || task.isLost || (turnstile.isClosed && !task.isAlone);
    if (isUnwanted) return { left: pending, committed: 0, seconds: 0 };
    this.#current = session;
    try {
      if (isGivenUp(message)) {
        log.warn({ ...message }, `parameter ${message.start} has ended its executor each time: it is given up`);
        await session.giveUp(killedWithWorker(message.start));
        return { left: [], committed: 1, seconds: 0 };
      }
      const slice = await session.work(pending, sliceSeconds);
      const { committed, seconds } = slice;
      log.info({ run: message.run, start: message.start, count: message.count, committed, seconds }, "slice");
      return slice;
    } finally {
      this.#current = undefined;
      if (session.hasEnded) await this.#sessions.end(message.run);
    }
  }

  /** Verifies a complete run, and writes its receipt and its table. */
  async #close(run: QueuedRun, message: QueueMessage): Promise<Rest> {
    const { signal, log, s3RequestTimeoutMs } = this.#options;
    const reader = await run.reader();
    if ((await reader.readReport(REPORT_FILES.receipt)) !== undefined) return NOTHING;
    const onNoTable = (reason: string) => log.warn({ run: message.run }, `no results.parquet: ${reason}`);
    const verified = verifyWithTable(run.store.url, { s3RequestTimeoutMs }, onNoTable);
    const { receipt } = await unlessStopped(verified, signal, () => {});
    log.info({ run: message.run, present: receipt.present, failed: receipt.failed }, "complete and verified");
    return NOTHING;
  }

  /**
   * Writes the error into the run, where everybody sees it. A run that was submitted meanwhile with other settings is another attempt, of
   * which the error tells nothing.
   *
   * @param found the run with which the error came, if it could be read.
   */
  async #fail(
    run: QueuedRun,
    message: QueueMessage,
    { error, found }: { readonly error: SweepError; readonly found: RunInStore | undefined },
  ): Promise<Rest> {
    const { log } = this.#options;
    try {
      const { settings, stop } = await run.read();
      const isAnother = found !== undefined && !isDeepStrictEqual(settings, found.settings);
      if (stop !== undefined || isAnother) {
        log.warn({ run: message.run }, `${message.run} was stopped or submitted again before this: ${error.message}`);
        return stop === undefined ? { messages: [message] } : NOTHING;
      }
      log.warn({ run: message.run }, `${message.run} has failed: ${error.message}`);
      await run.stop("failed", error.message);
      return NOTHING;
    } catch (unwritten) {
      return this.#again(message, unwritten);
    }
  }

  /** Gives a message back as a new one, because this receive must not count as a death. */
  #again(message: QueueMessage, error: unknown): Rest {
    const { tries = 0 } = message;
    if (tries >= MOST_TRIES) throw new NotOurs(`it was tried ${tries} times: ${describeError(error)}`);
    const { first, longest } = RETRY_SECONDS;
    const delaySeconds = Math.min(longest, first * 2 ** tries);
    this.#options.log.warn({ ...message, delaySeconds }, `a message comes again later: ${describeError(error)}`);
    return { messages: [{ ...message, tries: tries + 1 }], delaySeconds };
  }
}
