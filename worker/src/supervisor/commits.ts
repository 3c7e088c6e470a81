import { PermanentError } from "../contract/errors.ts";
import { countNoun } from "../contract/format.ts";
import { countOf } from "../parameters/ranges.ts";
import type { Failure, ResultWriter, SpooledBlock } from "../stores/store.ts";
import type { EvaluationSession } from "./evaluation-session.ts";
import { RegularFlush } from "./regular-flush.ts";

/** The store of a supervisor, and the listeners of its commits. */
export interface CommitsOptions {
  /** It hears of each commit, and of errors of the store. */
  readonly session: EvaluationSession;
  readonly writer: ResultWriter;
  readonly maxFailures: number;
  readonly onProgress: (committed: number, failures: readonly Failure[], inBlock: number) => void;
}

/** The commits of a supervisor, which goes on while they are on their way to the store. Counts them, and the failures in them. */
export class Commits {
  readonly flush: RegularFlush;
  readonly #options: CommitsOptions;
  #underway = 0;
  #failures = 0;

  constructor(options: CommitsOptions) {
    this.#options = options;
    this.flush = new RegularFlush(options.writer, (error) => options.session.fail(error));
  }

  /** The number of blocks that are not stored yet. */
  get underway(): number {
    return this.#underway;
  }

  /** Whether `failures` more would end the run. */
  isOverLimit(failures: number): boolean {
    return this.#failures + failures > this.#options.maxFailures;
  }

  /**
   * Begins to commit blocks. It returns at once; the session delivers the end as an event.
   *
   * @throws PermanentError if there are too many failures. These blocks are committed all the same.
   */
  begin(blocks: readonly SpooledBlock[]): void {
    const { session, writer, onProgress } = this.#options;
    const failures = blocks.flatMap((block) => block.failures);
    this.#failures += failures.length;
    this.#underway += blocks.length;
    writer.commit(blocks).then(
      () => {
        this.#underway -= blocks.length;
        this.flush.isDue = true;
        onProgress(countOf(blocks), failures, 0);
        session.committed();
      },
      (error) => {
        this.#underway -= blocks.length;
        session.fail(error);
      },
    );
    this.#checkFailures(failures.at(-1));
  }

  #checkFailures(last: Failure | undefined): void {
    if (last === undefined || !this.isOverLimit(0)) return;
    throw new PermanentError(
      `more than ${countNoun(this.#options.maxFailures, "parameter")} failed, the limit of maxFailures (--max-failures, MAX_FAILURES); ` +
        `the last was ${last.parameter}: ${last.error}`,
    );
  }
}
