import { setTimeout as wait } from "node:timers/promises";
import { PermanentError, TemporaryError } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import type { CompletedPart, FromEvaluation } from "../evaluation/protocol.ts";
import { countOf, type Range } from "../parameters/ranges.ts";
import type { Failure, ResultWriter, SpooledBlock } from "../stores/store.ts";
import { BlockQueue, type OutstandingBlock, remainderOf } from "./block-queue.ts";
import { type EvaluationSession, Stopped } from "./evaluation-session.ts";
import type { Search } from "./in-work.ts";
import { Isolation } from "./isolation.ts";
import { RegularFlush } from "./regular-flush.ts";

/** How long the evaluation may take to report its finished work when it must stop. */
const STOP_WITHIN_MS = 40;
/** How long the store may take for the blocks that are on their way to it when the worker must stop. A pod has 100 s in all. */
const SETTLE_WITHIN_MS = 30_000;
/** The evaluation sends a heartbeat every 100 ms, which a busy machine delays. */
const HEARTBEAT_GRACE_MS = 500;

/** The evaluation, the store and the limits of a supervisor. */
export interface SupervisorOptions {
  /** A loaded evaluation. */
  readonly session: EvaluationSession;
  readonly writer: ResultWriter;
  readonly batchSize: number;
  /** Milliseconds that one parameter may take; 0 is no limit. */
  readonly timeoutMs: number;
  readonly maxFailures: number;
  /** Whether committed blocks have a `time`. @default false */
  readonly isMeasured?: boolean;
  /** Milliseconds that the evaluation may take to finish the parameter in work after {@link Supervisor.stop}. @default 0 */
  readonly stopGraceMs?: number;
  /** The search for a parameter that ends this process, too. It comes before everything else. @default none */
  readonly search?: Search | undefined;
  /** Called with the parameters and failures committed since the last call, and the parameters done in the current block. */
  readonly onProgress: (committed: number, failures: readonly Failure[], inBlock: number) => void;
}

/**
 * Computes blocks in an evaluation process and commits them. The evaluation may do anything to that process.
 *
 * Blocks are sent ahead. If the process dies or is silent for too long, its blocks are sent again one at a time to find the block
 * at fault. That block is then run parameter by parameter, and only the parameters that end the process again are lost.
 *
 * The supervisor runs on the main thread and never computes, so that the worker handles a signal at once.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #session: EvaluationSession;
  readonly #writer: ResultWriter;
  readonly #isolation: Isolation;
  readonly #flush: RegularFlush;
  #pending = new BlockQueue([]);
  /** The blocks that the process has, by their first parameter, in the order in which it takes them. */
  readonly #outstanding = new Map<number, OutstandingBlock>();
  /** Blocks to be run parameter by parameter. */
  readonly #suspects: Range[] = [];
  /** The number of blocks that are still to be sent one at a time. */
  #singly = 0;
  #committing = 0;
  #failures = 0;
  /** Parameters that are done in the part of a block that is in work, as the evaluation has reported it last. */
  #inPart = 0;
  #isOneByOne = false;
  #isSearching = false;
  #isStopping = false;
  /** Whether the evaluation was killed in the middle of a parameter, because the worker had to stop. */
  #isCut = false;
  /** Ends the grace of a stop while a block is run parameter by parameter. */
  #graceTimer: NodeJS.Timeout | undefined;
  /** The time for a part of a block that the process knows. */
  #completeEveryMs = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#writer = options.writer;
    this.#flush = new RegularFlush(options.writer, (error) => this.#session.fail(error));
    this.#isolation = new Isolation({
      ...options,
      restart: () => this.#restart(),
      commit: (block) => this.#commit([block]),
      enter: (parameter) => (this.#isSearching ? options.search?.enter({ start: parameter, count: 1 }) : undefined),
      isStopping: () => this.#isStopping,
      isOverLimit: (failures) => this.#failures + failures > options.maxFailures,
    });
  }

  /** Asks {@link run} to commit the finished work and to return. The evaluation may finish the parameter in work first. */
  stop(): void {
    const graceMs = this.#options.stopGraceMs ?? 0;
    if (this.#isStopping) return;
    this.#isStopping = true;
    // The isolation ends by itself after the parameter in work.
    if (graceMs > 0 && this.#isOneByOne) this.#graceTimer = setTimeout(() => this.#session.stop(), graceMs);
    else this.#session.stop();
  }

  /**
   * About how many finished parameters {@link run} could not commit, because the evaluation was killed in the middle of a parameter
   * when it was stopped. Undefined if it ended by itself, so that everything finished is committed.
   */
  get discarded(): number | undefined {
    return this.#isCut ? this.#inPart : undefined;
  }

  /**
   * Computes and commits blocks.
   *
   * @param blocks the next one is taken when the evaluation has room for it.
   * @returns "stopped" if {@link stop} came first. The work finished by then is committed.
   * @throws SweepError if the worker cannot go on. Committed blocks stay.
   */
  async run(blocks: Iterable<Range>): Promise<"done" | "stopped"> {
    let outcome: "done" | "stopped" = "done";
    try {
      this.#flush.start();
      this.#open();
      await this.#searchFirst();
      await this.#compute(blocks);
      // Do not kill the process: its last output is still on its way.
      await this.#session.finish(STOP_WITHIN_MS);
    } catch (error) {
      if (!(error instanceof Stopped)) {
        // Report the first error, not one of the flush.
        await this.#writer.flush().catch(() => {});
        throw error;
      }
      await this.#takeWhatIsFinished();
      outcome = "stopped";
    } finally {
      this.#flush.stop();
      clearTimeout(this.#graceTimer);
      this.#session.close();
    }
    await this.#writer.flush();
    return outcome;
  }

  async #compute(blocks: Iterable<Range>): Promise<void> {
    this.#pending = new BlockQueue(blocks);
    while (this.#pending.mayHaveMore || this.#isBusy()) {
      const suspect = this.#outstanding.size === 0 ? this.#suspects.shift() : undefined;
      if (suspect === undefined) await this.#continue();
      else await this.#evaluateOneByOne(suspect);
    }
  }

  async #searchFirst(): Promise<void> {
    const { search } = this.#options;
    if (search === undefined) return;
    if (search.blamed !== undefined) await this.#isolation.commitFailure(search.blamed);
    this.#isSearching = true;
    for (const part of search.parts) {
      await search.enter(part);
      await this.#compute([part]);
    }
    // The failure must be committed before its record goes.
    await this.#compute([]);
    this.#isSearching = false;
    await search.end();
  }

  async #evaluateOneByOne(suspect: Range): Promise<void> {
    this.#isOneByOne = true;
    await this.#isolation.evaluateOneByOne(suspect);
    this.#isOneByOne = false;
  }

  #isBusy(): boolean {
    return this.#outstanding.size + this.#suspects.length + this.#committing > 0;
  }

  #open(): void {
    const { paths: spoolPaths, completeEveryMs } = this.#writer.spool;
    this.#completeEveryMs = completeEveryMs;
    const { batchSize, isMeasured = false } = this.#options;
    this.#session.send({ type: "open", spoolPaths, batchSize, completeEveryMs, isMeasured });
  }

  /** Tells the process that the store has become slower or faster. */
  #adaptPace(): void {
    const { completeEveryMs } = this.#writer.spool;
    if (completeEveryMs === this.#completeEveryMs) return;
    this.#completeEveryMs = completeEveryMs;
    this.#session.send({ type: "pace", completeEveryMs });
  }

  async #restart(): Promise<void> {
    await this.#session.start();
    this.#open();
  }

  /** Sends blocks and takes one event. */
  async #continue(): Promise<void> {
    this.#feed();
    if (!this.#isBusy()) return;
    const event = await this.#session.next(
      this.#outstanding.size === 0 ? undefined : this.#silenceMs(HEARTBEAT_GRACE_MS),
    );
    if (event === undefined) await this.#session.kill();
    if (event === undefined || event.type === "ended") await this.#recover();
    else if (event.type === "message") this.#hear(event.message);
  }

  #silenceMs(graceMs: number): number {
    const { timeoutMs } = this.#options;
    return timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs + graceMs;
  }

  #feed(): void {
    const { spool } = this.#writer;
    const ahead = this.#singly > 0 ? 1 : spool.capacity;
    const room = ahead - this.#outstanding.size - this.#committing;
    // Send blocks in bulk: a message costs as much as a thousand cheap parameters.
    if (this.#suspects.length > 0 || (room < ahead / 2 && this.#outstanding.size > 0)) return;
    const blocks = this.#pending.take(Math.max(0, room));
    if (blocks.length === 0) return;
    if (this.#outstanding.size === 0) this.#session.expectLife();
    const orders = blocks.map(({ start, count }) => ({ start, count, position: spool.reserve({ start, count }) }));
    for (const order of orders) this.#outstanding.set(order.start, { ...order, done: 0 });
    this.#session.send({ type: "blocks", blocks: orders });
  }

  #hear(message: FromEvaluation): void {
    if (message.type === "completed") this.#complete(message.parts);
    else if (message.type === "progress") {
      this.#inPart = message.done;
      this.#adaptPace();
      this.#options.onProgress(0, [], message.done);
    } else if (message.type === "block-failed") this.#suspects.push(remainderOf(this.#take(message.block)));
  }

  #complete(parts: readonly CompletedPart[]): void {
    const finished: number[] = [];
    if (parts.length > 0) this.#inPart = 0;
    const spooled = parts.map(({ block: first, start, count, checksum, failures, time }) => {
      const block = this.#outstanding.get(first);
      if (block === undefined) throw new Error(`the evaluation reports block ${first}, which it was not given`);
      const position = block.position + block.done;
      block.done += count;
      if (block.done === block.count) finished.push(first);
      return { start, count, checksum, failures, position, time };
    });
    if (spooled.length > 0) this.#commit(spooled);
    // Only now, because the commit copies values from their places in the spool.
    for (const first of finished) this.#take(first);
  }

  /** Takes a block back and frees its place in the spool. */
  #take(start: number): OutstandingBlock {
    const block = this.#outstanding.get(start);
    if (block === undefined) throw new Error(`the evaluation reports block ${start}, which it was not given`);
    this.#outstanding.delete(start);
    this.#writer.spool.release(block.position);
    this.#singly = Math.max(0, this.#singly - 1);
    return block;
  }

  #commit(blocks: readonly SpooledBlock[]): void {
    const failures = blocks.flatMap((block) => block.failures);
    this.#failures += failures.length;
    this.#committing += blocks.length;
    this.#writer.commit(blocks).then(
      () => {
        this.#committing -= blocks.length;
        this.#flush.isDue = true;
        this.#options.onProgress(countOf(blocks), failures, 0);
        this.#session.committed();
      },
      (error) => {
        this.#committing -= blocks.length;
        this.#session.fail(error);
      },
    );
    this.#checkFailures(failures.at(-1));
  }

  #checkFailures(last: Failure | undefined): void {
    const { maxFailures } = this.#options;
    if (last === undefined || this.#failures <= maxFailures) return;
    throw new PermanentError(
      `more than ${formatCount(maxFailures)} parameters failed, the limit of maxFailures (--max-failures, MAX_FAILURES); ` +
        `the last was ${last.parameter}: ${last.error}`,
    );
  }

  /** Starts a new process after the last one has ended, and arranges the search for the block at fault. */
  async #recover(): Promise<void> {
    const lost = [...this.#outstanding.keys()].map((start) => remainderOf(this.#take(start)));
    if (lost.length === 1) {
      this.#suspects.push(...lost);
      this.#singly = 0;
    } else {
      this.#pending.putBack(lost);
      this.#singly = lost.length;
    }
    await this.#restart();
  }

  /** Collects the finished blocks of the process, and waits until they are committed. */
  async #takeWhatIsFinished(): Promise<void> {
    // The isolation has had its grace.
    const graceMs = this.#isOneByOne ? 0 : (this.#options.stopGraceMs ?? 0);
    const finishing = Promise.all([
      this.#session.finish(Math.max(STOP_WITHIN_MS, graceMs)),
      // Flush earlier blocks meanwhile.
      this.#writer.flush(),
    ]);
    // Commit what arrives during the grace at once: a bucket takes its time, too.
    let event = await this.#session.next();
    for (; event?.type !== "ended"; event = await this.#session.next()) {
      if (event?.type === "message" && event.message.type !== "block-failed") this.#hear(event.message);
    }
    this.#isCut = event.end.kind === "killed" && (this.#isOneByOne || this.#outstanding.size > 0);
    await finishing;
    const giveUp = wait(SETTLE_WITHIN_MS, "late", { ref: false });
    while (this.#committing > 0) {
      const event = await Promise.race([this.#session.next(), giveUp]);
      if (event === "late")
        throw new TemporaryError(
          `${this.#committing} finished blocks were not stored within ${SETTLE_WITHIN_MS / 1000} s`,
        );
    }
  }
}
