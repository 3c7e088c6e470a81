import { countNoun } from "../contract/format.ts";
import type { Failure } from "../stores/store.ts";
import { NO_LOG, type RunWorkerHooks, type WorkerLog, type WorkerProgress } from "./worker-hooks.ts";

const LOG_PROGRESS_EVERY_MS = 10_000;
/** A worker reports its progress this often at the most. */
export const REPORT_PROGRESS_EVERY_MS = 100;
/** Failures are logged one by one up to here; all of them are in failures.jsonl. */
const LOGGED_FAILURES = 20;

/** Counts parameters, and reports them to the log and to `onProgress` from time to time. */
export class ProgressReporter {
  readonly #log: WorkerLog;
  readonly #onProgress: RunWorkerHooks["onProgress"];
  readonly #startedAt = performance.now();
  #current: WorkerProgress;
  #loggedAt = performance.now();
  #reportedAt = 0;

  constructor({ log = NO_LOG, onProgress }: RunWorkerHooks, share: number, pending: number) {
    this.#log = log;
    this.#onProgress = onProgress;
    this.#current = { share, resumed: share - pending, committed: 0, inBlock: 0, failed: 0 };
    this.#report();
  }

  /** Counts anew, for other parameters. The failures stay. */
  begin(share: number): void {
    this.#current = { share, resumed: 0, committed: 0, inBlock: 0, failed: this.#current.failed };
    this.#reportedAt = performance.now();
  }

  get current(): WorkerProgress {
    return this.#current;
  }

  get remaining(): number {
    return this.#current.share - this.#current.resumed - this.#current.committed;
  }

  add(newlyCommitted: number, failures: readonly Failure[], inBlock: number): void {
    const committed = this.#current.committed + newlyCommitted;
    for (const [index, { parameter, kind, error }] of failures.entries()) {
      if (this.#current.failed + index < LOGGED_FAILURES)
        this.#log.warn({ parameter, kind, error }, `parameter ${parameter} failed: ${error}`);
    }
    const failed = this.#current.failed + failures.length;
    this.#current = { ...this.#current, committed, inBlock, failed };
    const now = performance.now();
    if (now - this.#reportedAt > REPORT_PROGRESS_EVERY_MS) this.#report();
    if (now - this.#loggedAt < LOG_PROGRESS_EVERY_MS) return;
    this.#loggedAt = now;
    const { share, resumed } = this.#current;
    const perSecond = Math.round(((committed + inBlock) * 1000) / (now - this.#startedAt));
    this.#log.info({ done: resumed + committed + inBlock, share, failed, perSecond }, "progress");
  }

  end(): WorkerProgress {
    this.#report();
    const { failed } = this.#current;
    if (failed > LOGGED_FAILURES)
      this.#log.warn({ failed }, `${countNoun(failed - LOGGED_FAILURES, "more parameter")} failed`);
    return this.#current;
  }

  #report(): void {
    this.#reportedAt = performance.now();
    this.#onProgress?.(this.#current);
  }
}
