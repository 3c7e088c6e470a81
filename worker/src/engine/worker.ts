import { formatCount } from "../contract/format.ts";
import type { WorkerSettings } from "../contract/worker-settings.ts";
import { shareOf } from "../parameters/partition.ts";
import { countOf, type Range, subtract, union } from "../parameters/ranges.ts";
import type { Failure, ResultWriter } from "../stores/store.ts";
import { InWork, type Search } from "../supervisor/in-work.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { resolveSettings } from "./options.ts";
import { prepareRun } from "./prepare.ts";
import { EVERYTHING_IS_KEPT, StoppedError, unlessStopped } from "./stopping.ts";

const LOG_PROGRESS_EVERY_MS = 10_000;
const REPORT_PROGRESS_EVERY_MS = 100;
/** Failures are logged one by one up to here; all of them are in failures.jsonl. */
const LOGGED_FAILURES = 20;

/** How far a worker is with its share. */
export interface WorkerProgress {
  /** Parameters of the share. */
  readonly share: number;
  /** Parameters of the share that were committed before this start. */
  readonly resumed: number;
  /** Parameters that this start has committed. */
  readonly committed: number;
  /** Parameters that are done, in blocks that are not committed yet. */
  readonly inBlock: number;
  /** Parameters that failed since this start. */
  readonly failed: number;
}

/** The part of a pino logger that a worker writes to. */
export interface WorkerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** How a program follows and stops a worker. */
export interface RunWorkerHooks {
  /** Stops the worker: it commits what is finished, as far as `stopGraceSeconds` allows, and rejects with a {@link StoppedError} that says so. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the worker starts with its share, and then about ten times a second. */
  readonly onProgress?: (progress: WorkerProgress) => void;
  /**
   * The log of the worker.
   *
   * @default no log
   */
  readonly log?: WorkerLog;
}

const NO_LOG: WorkerLog = { info: () => {}, warn: () => {} };

/**
 * Computes one share of a run, from where an earlier start left it. The user's code runs in a process of its own; what it
 * prints goes to this process's standard error.
 *
 * @returns the progress at the end: every parameter of the share is committed.
 * @throws SweepError if the worker cannot go on; `exitCode` tells whether another attempt may help. Committed results stay.
 */
export async function runWorker(options: WorkerSettings, hooks: RunWorkerHooks = {}): Promise<WorkerProgress> {
  const settings = resolveSettings(options);
  const {
    workerId,
    totalWorkers,
    totalParameters,
    maxFailures,
    batchSize,
    evaluationTimeoutSeconds,
    stopGraceSeconds,
  } = settings;
  const { signal, log = NO_LOG } = hooks;
  const run = await unlessStopped(prepareRun(settings, signal), signal, ({ session }) => session.close());
  const { session, store, identity } = run;
  let writer: ResultWriter | undefined;
  let inWork: InWork | undefined;
  let stop = () => {};
  try {
    writer = await store.write(identity, () => {
      log.warn(
        {},
        `${store.url} asks for fewer requests (SlowDown): the worker sends fewer, and larger parts of blocks`,
      );
    });
    const share = shareOf(workerId, settings);
    const pending = subtract(share, await unlessStopped(writer.committed(share), signal, () => {}));
    const progress = new ProgressReporter(hooks, countOf(share), countOf(pending));
    const { resumed } = progress.current;
    log.info({ totalWorkers, totalParameters, share: countOf(share), resumed, results: store.url }, "started");
    if (pending.length > 0)
      inWork = await unlessStopped(
        InWork.open(store.note(`in-work-${workerId}-of-${totalWorkers}.json`)),
        signal,
        (opened) => void opened.leave(),
      );
    const search = inWork?.search(pending, writer.spool.capacity);
    if (search !== undefined) logSearch(log, search);
    const supervisor = new Supervisor({
      session,
      writer,
      batchSize,
      timeoutMs: evaluationTimeoutSeconds * 1000,
      maxFailures,
      stopGraceMs: stopGraceSeconds * 1000,
      search,
      onProgress: (committed, failures, inBlock) => progress.add(committed, failures, inBlock),
    });
    stop = () => supervisor.stop();
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    const outcome = await supervisor.run(withoutSearched(pending, search));
    const { failed } = progress.end();
    if (outcome === "stopped") {
      const { remaining } = progress;
      const { discarded } = supervisor;
      const left = `${formatCount(remaining)} parameters of the share left`;
      log.warn(
        { committed: progress.current.committed, remaining, discarded },
        `stopped with ${left}: ${kept(discarded)}`,
      );
      throw new StoppedError(left, kept(discarded));
    }
    log.info({ failed }, `[WORKER ${workerId}] Processed: ${formatCount(countOf(share))} parameters`);
    return progress.current;
  } finally {
    signal?.removeEventListener("abort", stop);
    session.close();
    await inWork?.leave();
    await writer?.close();
  }
}

function logSearch(log: WorkerLog, { parts, blamed }: Search): void {
  const suspects = countOf(parts);
  const found =
    blamed === undefined ? "" : `; parameter ${blamed.parameter} was alone in work each time and is not run again`;
  log.warn(
    { suspects, parts: parts.length, blamed: blamed?.parameter },
    `the last start of this share was killed: ${formatCount(suspects)} parameters are run in ${formatCount(parts.length)} steps${found}`,
  );
}

function withoutSearched(pending: readonly Range[], search: Search | undefined): readonly Range[] {
  if (search === undefined) return pending;
  const blamed = search.blamed === undefined ? [] : [{ start: search.blamed.parameter, count: 1 }];
  return subtract(pending, union([...search.parts, ...blamed]));
}

/** The fate of the block in work at a stop, for the log. */
function kept(discarded: number | undefined): string {
  if (discarded === undefined) return EVERYTHING_IS_KEPT;
  const late = "the parameter in work did not end in time (--stop-grace, STOP_GRACE_SECONDS)";
  if (discarded === 0) return late;
  return `${late}, and about ${formatCount(discarded)} finished ones of its block are not committed`;
}

/** Counts parameters, and reports them to the log and to `onProgress` from time to time. */
class ProgressReporter {
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
    if (failed > LOGGED_FAILURES) this.#log.warn({ failed }, `${failed - LOGGED_FAILURES} more parameters failed`);
    return this.#current;
  }

  #report(): void {
    this.#reportedAt = performance.now();
    this.#onProgress?.(this.#current);
  }
}
