import { EXIT_CODE, type ExitCode } from "../contract/errors.ts";
import { formatCount } from "../contract/format.ts";
import type { WorkerConfiguration } from "../contract/settings.ts";
import { shareOf } from "../parameters/partition.ts";
import { countOf, subtract } from "../parameters/ranges.ts";
import type { Failure } from "../stores/store.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import type { Logger } from "./log.ts";
import { prepareRun } from "./run.ts";

const LOG_PROGRESS_EVERY_MS = 10_000;
const REPORT_PROGRESS_EVERY_MS = 100;
/** Failures are logged one by one up to here; all of them are in failures.jsonl. */
const LOGGED_FAILURES = 20;

/** What a worker tells the program that started it, if that listens: `sweep run` does, Kubernetes does not. */
export interface WorkerProgress {
  /** Parameters of the share, those committed by an earlier start included. */
  readonly share: number;
  readonly resumed: number;
  /** Committed by this start. */
  readonly committed: number;
  /** Done in blocks that are not committed yet. */
  readonly inBlock: number;
  readonly failed: number;
}

/**
 * Computes one share of a run, from where an earlier start left it.
 *
 * @param onStop called, once there is something to commit, with the function that makes the worker commit it and end.
 * @returns the exit code.
 * @throws SweepError where the worker cannot go on; what it has committed stays.
 */
export async function runWorker(
  configuration: WorkerConfiguration,
  log: Logger,
  onStop: (stop: () => void) => void,
): Promise<ExitCode> {
  const { workerId, totalWorkers, totalParameters, maxFailures, batchSize, evaluationTimeoutSeconds } = configuration;
  const { session, store, identity } = await prepareRun(configuration);
  const writer = await store.write(identity);
  try {
    const share = shareOf(workerId, configuration);
    const pending = subtract(share, await writer.committed(share));
    const progress = new ProgressReporter(log, countOf(share), countOf(pending));
    log.info(
      { totalWorkers, totalParameters, share: countOf(share), resumed: progress.resumed, results: store.url },
      "started",
    );
    const supervisor = new Supervisor({
      session,
      writer,
      batchSize,
      timeoutMs: evaluationTimeoutSeconds * 1000,
      maxFailures,
      onProgress: (committed, failures, inBlock) => progress.add(committed, failures, inBlock),
    });
    onStop(() => supervisor.stop());
    const outcome = await supervisor.run(pending);
    progress.end();
    if (outcome === "stopped") {
      log.warn(
        { remaining: progress.remaining },
        "stopped; everything finished is committed, and the next start resumes here",
      );
      return EXIT_CODE.TERMINATED;
    }
    log.info({ failed: progress.failed }, `[WORKER ${workerId}] Processed: ${formatCount(countOf(share))} parameters`);
    return EXIT_CODE.DONE;
  } finally {
    session.close();
    await writer.close();
  }
}

/** Counts, and tells the log and the parent process now and then. */
class ProgressReporter {
  readonly resumed: number;
  failed = 0;
  readonly #log: Logger;
  readonly #share: number;
  readonly #startedAt = performance.now();
  #committed = 0;
  #inBlock = 0;
  #loggedAt = performance.now();
  #reportedAt = 0;

  constructor(log: Logger, share: number, pending: number) {
    this.#log = log;
    this.#share = share;
    this.resumed = share - pending;
    this.#report();
  }

  get remaining(): number {
    return this.#share - this.resumed - this.#committed;
  }

  add(committed: number, failures: readonly Failure[], inBlock: number): void {
    this.#committed += committed;
    this.#inBlock = inBlock;
    for (const { parameter, kind, error } of failures) {
      if (++this.failed <= LOGGED_FAILURES)
        this.#log.warn({ parameter, kind, error }, `parameter ${parameter} failed: ${error}`);
    }
    const now = performance.now();
    if (now - this.#reportedAt > REPORT_PROGRESS_EVERY_MS) this.#report();
    if (now - this.#loggedAt < LOG_PROGRESS_EVERY_MS) return;
    this.#loggedAt = now;
    const perSecond = Math.round(((this.#committed + this.#inBlock) * 1000) / (now - this.#startedAt));
    const done = this.resumed + this.#committed + this.#inBlock;
    this.#log.info({ done, share: this.#share, failed: this.failed, perSecond }, "progress");
  }

  end(): void {
    this.#report();
    if (this.failed > LOGGED_FAILURES) this.#log.warn(`${this.failed - LOGGED_FAILURES} more parameters failed`);
  }

  #report(): void {
    this.#reportedAt = performance.now();
    const progress: WorkerProgress = {
      share: this.#share,
      resumed: this.resumed,
      committed: this.#committed,
      inBlock: this.#inBlock,
      failed: this.failed,
    };
    process.send?.(progress);
  }
}
