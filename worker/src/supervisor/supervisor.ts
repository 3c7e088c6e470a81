import { setTimeout } from "node:timers/promises";
import { PermanentError, TemporaryError } from "../errors.ts";
import type { CompletedBlock, FromEvaluation } from "../evaluation/protocol.ts";
import { countOf, type Range } from "../ranges.ts";
import { createChecksum } from "../results/checksum.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import type { CommitRecord, Failure, ResultWriter } from "../stores/store.ts";
import { type EvaluationSession, Stopped } from "./evaluation-session.ts";

/** Everything committed outlives the machine after this long, and the time that the disk takes. */
const FLUSH_EVERY_MS = 500;
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
  #pending: Range[] = [];
  /** Blocks that the process has, in the order in which it takes them. */
  readonly #outstanding = new Map<number, Range>();
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
   * @returns "stopped" where {@link stop} came first; what was finished by then is committed all the same.
   * @throws SweepError where the worker cannot go on. What is committed stays.
   */
  async run(blocks: readonly Range[]): Promise<"done" | "stopped"> {
    this.#pending = [...blocks];
    const flushing = this.#flushRegularly();
    let outcome: "done" | "stopped" = "done";
    try {
      this.#open();
      while (this.#pending.length + this.#outstanding.size + this.#suspects.length + this.#committing > 0) {
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

  #open(): void {
    this.#session.send({ type: "open", spoolPaths: this.#writer.spool.paths, batchSize: this.#options.batchSize });
  }

  async #restart(): Promise<void> {
    await this.#session.start();
    this.#open();
  }

  /** Sends blocks and takes one event. */
  async #continue(): Promise<void> {
    this.#feed();
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
    const ahead = this.#singly > 0 ? 1 : this.#writer.spool.capacity;
    const room = ahead - this.#outstanding.size - this.#committing;
    // In bulk: a message costs as much as a thousand cheap parameters.
    if (this.#suspects.length > 0 || (room < ahead / 2 && this.#outstanding.size > 0)) return;
    const blocks = this.#pending.splice(0, Math.max(0, room));
    if (blocks.length === 0) return;
    if (this.#outstanding.size === 0) this.#session.expectLife();
    const orders = blocks.map((block) => {
      this.#outstanding.set(block.start, block);
      return { start: block.start, count: block.count, position: this.#writer.spool.reserve(block) };
    });
    this.#session.send({ type: "blocks", blocks: orders });
  }

  #hear(message: FromEvaluation): void {
    if (message.type === "completed") this.#complete(message.blocks);
    else if (message.type === "progress") this.#options.onProgress(0, [], message.done);
    else if (message.type === "block-failed") {
      const block = this.#take(message.start);
      this.#writer.spool.release(block);
      this.#suspects.push(block);
    }
  }

  #complete(completed: readonly CompletedBlock[]): void {
    const records = completed.map(({ start, checksum, failures }) => {
      return { start, count: this.#take(start).count, checksum, failures };
    });
    if (records.length > 0) this.#commit(records);
  }

  #take(start: number): Range {
    const block = this.#outstanding.get(start);
    if (block === undefined) throw new Error(`the evaluation reports block ${start}, which it was not given`);
    this.#outstanding.delete(start);
    this.#singly = Math.max(0, this.#singly - 1);
    return block;
  }

  #commit(records: readonly CommitRecord[]): void {
    const failures = records.flatMap((record) => record.failures);
    this.#failures += failures.length;
    this.#committing += records.length;
    this.#writer.commit(records).then(
      () => {
        this.#committing -= records.length;
        this.#unflushed = true;
        for (const record of records) this.#writer.spool.release(record);
        this.#options.onProgress(countOf(records), failures, 0);
        this.#session.committed();
      },
      (error) => {
        this.#committing -= records.length;
        this.#session.fail(error);
      },
    );
    this.#checkFailures(failures.at(-1));
  }

  #checkFailures(last: Failure | undefined, uncounted = 0): void {
    const { maxFailures } = this.#options;
    if (last === undefined || this.#failures + uncounted <= maxFailures) return;
    throw new PermanentError(
      `more than ${maxFailures.toLocaleString("en")} parameters failed, which is what --max-failures (MAX_FAILURES) allows; ` +
        `the last was ${last.parameter}: ${last.error}`,
    );
  }

  /** The process is gone: find out which block it died of. */
  async #recover(): Promise<void> {
    const lost = [...this.#outstanding.values()];
    this.#outstanding.clear();
    for (const block of lost) this.#writer.spool.release(block);
    if (lost.length === 1) {
      this.#suspects.push(...lost);
      this.#singly = 0;
    } else {
      this.#pending.unshift(...lost);
      this.#singly = lost.length;
    }
    await this.#restart();
  }

  async #evaluateOneByOne(block: Range): Promise<void> {
    const { spool } = this.#writer;
    const columns = spool.paths.map(() => new Float64Array(block.count).fill(Number.NaN));
    const failures: Failure[] = [];
    for (let index = 0; index < block.count; index++) {
      const { values, failure } = await this.#evaluateAlone(block.start + index);
      for (const [place, column] of columns.entries()) column[index] = values[place] ?? Number.NaN;
      if (failure !== undefined) failures.push(failure);
      this.#checkFailures(failure, failures.length);
      this.#options.onProgress(0, [], index + 1);
    }
    const checksum = (await createChecksum())(block.start, columns);
    const files = ColumnFiles.open(spool.paths);
    files.write(spool.reserve(block), block.count, columns);
    files.close();
    this.#commit([{ start: block.start, count: block.count, checksum, failures }]);
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
    await this.#session.finish(STOP_WITHIN_MS);
    for (let event = this.#session.take(); event !== undefined; event = this.#session.take()) {
      if (event.type === "message" && event.message.type === "completed") this.#complete(event.message.blocks);
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
