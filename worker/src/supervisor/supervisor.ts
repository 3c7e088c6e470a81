import { setTimeout } from "node:timers/promises";
import { PermanentError, TemporaryError } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import type { CompletedPart, FromEvaluation } from "../evaluation/protocol.ts";
import { countOf, endOf, type Range } from "../parameters/ranges.ts";
import { createChecksum } from "../stores/checksum.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import type { Failure, ResultWriter, SpooledBlock } from "../stores/store.ts";
import { BlockQueue, type OutstandingBlock, remainderOf } from "./block-queue.ts";
import { type EvaluationSession, Stopped } from "./evaluation-session.ts";
import { SingleResults } from "./single-results.ts";

/** Everything committed outlives the machine after this long, and the time that the disk takes: what SIGTERM must wait for. */
const FLUSH_EVERY_MS = 100;
/** What is done of a block that is run parameter by parameter is committed this often. */
const COMMIT_EVERY_MS = 1_000;
/** How long the evaluation has to report what it has finished, once it must stop. */
const STOP_WITHIN_MS = 40;
/** How long a store has to take what is on its way to it, once the worker must stop: a pod has 100 s in all. */
const SETTLE_WITHIN_MS = 30_000;
/** The evaluation shows that it is alive every 100 ms; a busy machine delays it. */
const HEARTBEAT_GRACE_MS = 500;

export interface SupervisorOptions {
  /** An evaluation that is loaded. */
  readonly session: EvaluationSession;
  readonly writer: ResultWriter;
  readonly batchSize: number;
  /** How long one parameter may take; 0 is no limit. */
  readonly timeoutMs: number;
  readonly maxFailures: number;
  /** Called with what was committed since the last call, and how far the block in work is. */
  readonly onProgress: (committed: number, failures: readonly Failure[], inBlock: number) => void;
}

/**
 * Computes blocks in an evaluation process, commits them, and survives whatever the evaluation does to that process.
 *
 * Blocks are sent ahead. When the process dies or is silent for too long, the blocks it had are sent again one at a time, so
 * that the one at fault is known; that block is then run parameter by parameter, and only the parameters that end the
 * process again are lost.
 *
 * It runs on the main thread and never computes: it hears a signal at once.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #session: EvaluationSession;
  readonly #writer: ResultWriter;
  #pending = new BlockQueue([]);
  /** Blocks that the process has, by their first parameter, in the order in which it takes them. */
  readonly #outstanding = new Map<number, OutstandingBlock>();
  /** Blocks to be run parameter by parameter. */
  readonly #suspects: Range[] = [];
  /** How many blocks are still to be sent one at a time. */
  #singly = 0;
  #committing = 0;
  #failures = 0;
  #unflushed = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#writer = options.writer;
  }

  /** Asks {@link run} to commit what is finished and to return. */
  stop(): void {
    this.#session.stop();
  }

  /**
   * Computes and commits blocks.
   *
   * @param blocks one is taken when the evaluation has room for it.
   * @returns "stopped" where {@link stop} came first; what was finished by then is committed all the same.
   * @throws SweepError where the worker cannot go on. What is committed stays.
   */
  async run(blocks: Iterable<Range>): Promise<"done" | "stopped"> {
    this.#pending = new BlockQueue(blocks);
    const flushing = this.#flushRegularly();
    let outcome: "done" | "stopped" = "done";
    try {
      this.#open();
      while (this.#pending.mayHaveMore || this.#isBusy()) {
        const suspect = this.#outstanding.size === 0 ? this.#suspects.shift() : undefined;
        if (suspect === undefined) await this.#continue();
        else await this.#evaluateOneByOne(suspect);
      }
      // Not killed: what it printed last is still on its way.
      await this.#session.finish(STOP_WITHIN_MS);
    } catch (error) {
      if (!(error instanceof Stopped)) {
        // The error that came first is the one to report.
        await this.#writer.flush().catch(() => {});
        throw error;
      }
      await this.#takeWhatIsFinished();
      outcome = "stopped";
    } finally {
      clearInterval(flushing);
      this.#session.close();
    }
    await this.#writer.flush();
    return outcome;
  }

  #isBusy(): boolean {
    return this.#outstanding.size + this.#suspects.length + this.#committing > 0;
  }

  #open(): void {
    const { paths: spoolPaths, completeEveryMs } = this.#writer.spool;
    this.#session.send({ type: "open", spoolPaths, batchSize: this.#options.batchSize, completeEveryMs });
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
    // In bulk: a message costs as much as a thousand cheap parameters.
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
    else if (message.type === "progress") this.#options.onProgress(0, [], message.done);
    else if (message.type === "block-failed") this.#suspects.push(remainderOf(this.#take(message.block)));
  }

  #complete(parts: readonly CompletedPart[]): void {
    const finished: number[] = [];
    const spooled = parts.map(({ block: first, start, count, checksum, failures }) => {
      const block = this.#outstanding.get(first);
      if (block === undefined) throw new Error(`the evaluation reports block ${first}, which it was not given`);
      const position = block.position + block.done;
      block.done += count;
      if (block.done === block.count) finished.push(first);
      return { start, count, checksum, failures, position };
    });
    if (spooled.length > 0) this.#commit(spooled);
    // Not before: the store copies from their places.
    for (const first of finished) this.#take(first);
  }

  /** Takes back a block, and its place in the spool. */
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
        this.#unflushed = true;
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
      `more than ${formatCount(maxFailures)} parameters failed, the limit of --max-failures (MAX_FAILURES); ` +
        `the last was ${last.parameter}: ${last.error}`,
    );
  }

  /** The process is gone: find out which block it died of. */
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

  /** Runs a block parameter by parameter, and commits what it has each second, and however this ends. */
  async #evaluateOneByOne(block: Range): Promise<void> {
    let part = new SingleResults(block.start, this.#writer.spool.paths.length);
    try {
      for (let parameter = block.start; parameter < endOf(block); parameter++) {
        const { values, failure } = await this.#evaluateAlone(parameter);
        part.add(values, failure);
        this.#options.onProgress(0, [], part.count);
        if (part.age < COMMIT_EVERY_MS && this.#failures + part.failures.length <= this.#options.maxFailures) continue;
        const finished = part;
        part = new SingleResults(parameter + 1, this.#writer.spool.paths.length);
        await this.#commitSingleResults(finished);
      }
    } finally {
      await this.#commitSingleResults(part);
    }
  }

  async #commitSingleResults(part: SingleResults): Promise<void> {
    if (part.count === 0) return;
    const { spool } = this.#writer;
    const columns = part.columns();
    const checksum = (await createChecksum())(part.start, columns);
    const position = spool.reserve(part);
    const files = ColumnFiles.open(spool.paths);
    files.write(position, part.count, columns);
    files.close();
    this.#commit([{ start: part.start, count: part.count, checksum, failures: part.failures, position }]);
    spool.release(position);
  }

  async #evaluateAlone(parameter: number): Promise<{ values: readonly number[]; failure?: Failure | undefined }> {
    this.#session.expectLife();
    this.#session.send({ type: "parameter", parameter });
    for (;;) {
      const event = await this.#session.next(this.#silenceMs(0));
      if (event?.type === "message" && event.message.type === "parameter") return event.message;
      if (event === undefined) {
        await this.#session.kill();
        await this.#restart();
        const error = `did not return within ${this.#options.timeoutMs / 1000} s (--timeout)`;
        return { values: [], failure: { parameter, kind: "timeout", error } };
      }
      if (event.type === "ended") {
        await this.#restart();
        return { values: [], failure: { parameter, ...event.end } };
      }
    }
  }

  /** Takes the finished blocks out of the process, and waits until they are committed. */
  async #takeWhatIsFinished(): Promise<void> {
    // The disk need not wait for the evaluation.
    await Promise.all([this.#session.finish(STOP_WITHIN_MS), this.#writer.flush()]);
    for (let event = this.#session.take(); event !== undefined; event = this.#session.take()) {
      if (event.type === "message" && event.message.type === "completed") this.#complete(event.message.parts);
    }
    const giveUp = setTimeout(SETTLE_WITHIN_MS, "late", { ref: false });
    while (this.#committing > 0) {
      const event = await Promise.race([this.#session.next(), giveUp]);
      if (event === "late") throw new TemporaryError(`${this.#committing} finished blocks could not be stored in time`);
    }
  }

  /** Flushes while there is something to flush, one at a time. */
  #flushRegularly(): NodeJS.Timeout {
    let isFlushing = false;
    return setInterval(async () => {
      if (isFlushing || !this.#unflushed) return;
      isFlushing = true;
      this.#unflushed = false;
      await this.#writer.flush().catch((error) => this.#session.fail(error));
      isFlushing = false;
    }, FLUSH_EVERY_MS);
  }
}
