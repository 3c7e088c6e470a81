import { timeoutFailure } from "../evaluation/watch.ts";
import { endOf, type Range } from "../parameters/ranges.ts";
import { createChecksum } from "../stores/checksum.ts";
import { ColumnFiles } from "../stores/column-files.ts";
import type { Failure, ResultWriter, SpooledBlock } from "../stores/store.ts";
import type { EvaluationSession } from "./evaluation-session.ts";
import { SingleResults } from "./single-results.ts";

/** The parts of a supervisor that the isolation uses. */
export interface IsolationOptions {
  readonly session: EvaluationSession;
  readonly writer: ResultWriter;
  /** Milliseconds that one parameter may take; 0 is no limit. */
  readonly timeoutMs: number;
  /** Milliseconds that the process may be silent. */
  readonly silenceMs: number;
  /** Called with the parameters done in the current part, as the third argument. */
  readonly onProgress: (committed: number, failures: readonly Failure[], inBlock: number) => void;
  /** Starts a new process after the last one has ended. */
  readonly restart: () => Promise<void>;
  /** Commits a block. It returns at once. */
  readonly commit: (block: SpooledBlock) => void;
  /** Records that a parameter is in work, if the supervisor searches for one that ends the worker as well. */
  readonly enter: (parameter: number) => Promise<void> | undefined;
  /** Whether the block is to be given up after the parameter in work. It is told whether one of the block has failed. */
  readonly isStopping: (hasFailed: boolean) => boolean;
  /** Whether `failures` more would end the run. */
  readonly isOverLimit: (failures: number) => boolean;
}

/** Finds the parameters that end the evaluation's process, so that only they are lost and not their whole block. */
export class Isolation {
  readonly #options: IsolationOptions;
  readonly #session: EvaluationSession;
  readonly #writer: ResultWriter;

  constructor(options: IsolationOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#writer = options.writer;
  }

  /**
   * Runs a block parameter by parameter. It commits the finished part as often as that of any block, and at the end even if there is an
   * error.
   *
   * @returns whether a parameter has failed.
   */
  async evaluateOneByOne(block: Range): Promise<boolean> {
    let hasFailed = false;
    let part = new SingleResults(block.start, this.#writer.spool.paths.length);
    try {
      for (let parameter = block.start; parameter < endOf(block); parameter++) {
        await this.#options.enter(parameter);
        const { values, failure } = await this.#evaluateAlone(parameter);
        part.add(values, failure);
        hasFailed ||= failure !== undefined;
        this.#options.onProgress(0, [], part.count);
        if (this.#options.isStopping(hasFailed)) break;
        if (part.age < this.#writer.spool.completeEveryMs && !this.#options.isOverLimit(part.failures.length)) continue;
        const finished = part;
        part = new SingleResults(parameter + 1, this.#writer.spool.paths.length);
        await this.#commitSingleResults(finished);
      }
      return hasFailed;
    } finally {
      await this.#commitSingleResults(part);
    }
  }

  /** Commits the failure of a parameter without an evaluation. */
  async commitFailure(failure: Failure): Promise<void> {
    const part = new SingleResults(failure.parameter, this.#writer.spool.paths.length);
    part.add([], failure);
    await this.#commitSingleResults(part);
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
    this.#options.commit({ start: part.start, count: part.count, checksum, failures: part.failures, position });
    spool.release(position);
  }

  async #evaluateAlone(parameter: number): Promise<{ values: readonly number[]; failure?: Failure | undefined }> {
    const { timeoutMs } = this.#options;
    this.#session.expectLife();
    this.#session.send({ type: "parameter", parameter });
    for (;;) {
      const event = await this.#session.next(this.#options.silenceMs);
      if (event?.type === "message" && event.message.type === "parameter") return event.message;
      if (event === undefined) {
        await this.#session.kill();
        await this.#options.restart();
        return { values: [], failure: timeoutFailure(parameter, timeoutMs) };
      }
      if (event.type === "ended") {
        await this.#options.restart();
        return { values: [], failure: { parameter, ...event.end } };
      }
    }
  }
}
