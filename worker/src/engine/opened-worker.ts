import type { ResolvedWorkerSettings } from "../contract/declarations.ts";
import { countAre, countNoun } from "../contract/format.ts";
import { countOf, type Range, subtract, union } from "../parameters/ranges.ts";
import type { ResultStore, ResultWriter } from "../stores/store.ts";
import type { EvaluationSession } from "../supervisor/evaluation-session.ts";
import { InWork, inWorkNote, type Search } from "../supervisor/in-work.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { prepareRun } from "./prepare.ts";
import type { ProgressReporter } from "./progress-reporter.ts";
import { EVERYTHING_IS_KEPT, StoppedError, unlessStopped } from "./stopping.ts";
import { NO_LOG, type RunWorkerHooks, type WorkerLog } from "./worker-hooks.ts";

/** The parameters that a worker begins with. */
export interface FirstWork {
  /** The parameters without a result, in the order in which the worker takes them. */
  readonly pending: readonly Range[];
  /** Holds all of them. @default its share, which the settings tell */
  readonly given?: Range;
}

/** A worker whose evaluation is loaded, and whose store is open. */
export class OpenedWorker {
  readonly settings: ResolvedWorkerSettings;
  readonly store: ResultStore;
  readonly session: EvaluationSession;
  readonly writer: ResultWriter;
  readonly log: WorkerLog;
  readonly signal: AbortSignal | undefined;
  inWork: InWork | undefined;
  #stop = () => {};

  /** Opens a worker, and closes it after `use`. */
  static async use<T>(
    settings: ResolvedWorkerSettings,
    { signal, log = NO_LOG }: RunWorkerHooks,
    use: (worker: OpenedWorker) => Promise<T>,
  ): Promise<T> {
    const run = await unlessStopped(prepareRun(settings, signal), signal, ({ session }) => session.close());
    const { session, store, identity } = run;
    let worker: OpenedWorker | undefined;
    try {
      const writer = await store.write(identity, () => {
        log.warn(
          {},
          `${store.url} asks for fewer requests (SlowDown): the worker sends fewer, and larger parts of blocks`,
        );
      });
      worker = new OpenedWorker(settings, store, session, writer, log, signal);
      return await use(worker);
    } finally {
      session.close();
      await worker?.close();
    }
  }

  private constructor(
    settings: ResolvedWorkerSettings,
    store: ResultStore,
    session: EvaluationSession,
    writer: ResultWriter,
    log: WorkerLog,
    signal: AbortSignal | undefined,
  ) {
    [this.settings, this.store, this.session, this.writer] = [settings, store, session, writer];
    [this.log, this.signal] = [log, signal];
  }

  /**
   * Prepares the computation, with the search that the end of the last start demands.
   *
   * @param writer writes to {@link writer}. @default that one
   * @returns the supervisor, which the signal stops, and the parameters that its search leaves for afterwards.
   */
  async supervise(
    { pending, given }: FirstWork,
    progress: ProgressReporter,
    writer = this.writer,
  ): Promise<{ readonly supervisor: Supervisor; readonly rest: readonly Range[] }> {
    const { workerId, totalWorkers, batchSize, evaluationTimeoutSeconds, maxFailures, stopGraceSeconds } =
      this.settings;
    const { signal } = this;
    if (pending.length > 0) {
      const opening = InWork.open(this.store.note(inWorkNote(workerId, totalWorkers)), given);
      this.inWork = await unlessStopped(opening, signal, (opened) => void opened.leave());
    }
    const search = this.inWork?.search(pending, writer.spool.capacity);
    if (search !== undefined) logSearch(this.log, search);
    const supervisor = new Supervisor({
      session: this.session,
      writer,
      batchSize,
      timeoutMs: evaluationTimeoutSeconds * 1000,
      maxFailures,
      stopGraceMs: stopGraceSeconds * 1000,
      search,
      onProgress: (committed, failures, inBlock) => progress.add(committed, failures, inBlock),
    });
    this.onStop(() => supervisor.stop());
    return { supervisor, rest: withoutSearched(pending, search) };
  }

  /** Calls `stop` when the worker is asked to stop, or at once if it was. */
  onStop(stop: () => void): void {
    const { signal } = this;
    signal?.removeEventListener("abort", this.#stop);
    this.#stop = stop;
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
  }

  /** The error of a worker that was stopped, which the log has, too. */
  stopped({ remaining, current }: ProgressReporter, { discarded }: Supervisor, of: string): StoppedError {
    const left = `${countNoun(remaining, "parameter")} of ${of} left`;
    this.log.warn({ committed: current.committed, remaining, discarded }, `stopped with ${left}: ${kept(discarded)}`);
    return new StoppedError(left, kept(discarded));
  }

  async close(): Promise<void> {
    this.signal?.removeEventListener("abort", this.#stop);
    await this.inWork?.leave();
    await this.writer.close();
  }
}

function logSearch(log: WorkerLog, { parts, blamed }: Search): void {
  const suspects = countOf(parts);
  const found =
    blamed === undefined ? "" : `; parameter ${blamed.parameter} was alone in work each time and is not run again`;
  log.warn(
    { suspects, parts: parts.length, blamed: blamed?.parameter },
    `the last start of this worker was killed: ${countAre(suspects, "parameter")} run in ${countNoun(parts.length, "step")}${found}`,
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
  return `${late}, and about ${countNoun(discarded, "finished one")} of its block ${discarded === 1 ? "is" : "are"} not committed`;
}
