import { EventEmitter } from "node:events";
import { EXIT_CODE, PermanentError, SweepError } from "../contract/errors.ts";
import { countNoun } from "../contract/format.ts";
import type { RunIdentity } from "../contract/identity.ts";
import { countOf } from "../parameters/ranges.ts";
import { CLI_PROGRAM } from "../programs.ts";
import { findWork, type PendingWork } from "./led-workers.ts";
import { type LocalJobOptions, type LocalSettings, resolveOptions } from "./options.ts";
import { prepareRun } from "./prepare.ts";
import { StoppedError, unlessStopped } from "./stopping.ts";
import type { WorkerProgress } from "./worker-hooks.ts";
import { WorkerProcesses } from "./worker-processes.ts";

/** A run whose evaluation was loaded and whose store was opened. */
export interface StartedRun {
  readonly identity: RunIdentity;
  /** The place of the results, for `verify` and the other functions that take one. */
  readonly resultsUrl: string;
  /** Parameters that were committed before this start. */
  readonly resumed: number;
}

/** A run in which every parameter is committed. */
export interface FinishedRun extends StartedRun {
  /** The progress of each worker at its end, by `workerId`. */
  readonly workers: ReadonlyMap<number, WorkerProgress>;
  /** The evaluation's bundle as a file, which lasts as long as this process. Undefined for a command. */
  readonly modulePath: string | undefined;
}

/** How far a run is, as its workers have reported it. */
export interface JobProgress {
  readonly totalParameters: number;
  /** Parameters that are done, those of earlier starts included. */
  readonly done: number;
  /** Parameters that this start has computed. */
  readonly computed: number;
  /** Parameters that failed since this start. */
  readonly failed: number;
}

interface LocalJobEvents {
  /** The evaluation is loaded and the store is open; the workers start now. */
  readonly started: [run: StartedRun];
  /** Some worker has reported its progress. */
  readonly progress: [progress: JobProgress];
  /** A line for the user: a warning or an error of a worker, a restart, the output of the evaluation. */
  readonly message: [text: string];
}

/**
 * A run on this machine: what an Indexed Job is on Kubernetes. It starts one process for each worker. They take work from one another, so that
 * all of them end together, unless `partition` gives each a fixed share. It starts a worker again when another attempt may help, and
 * resumes where an earlier start of the same run stopped.
 *
 * ```ts
 * const job = new LocalJob({ evaluation: "./evaluate.ts", totalParameters: 1000, resultsUrl: "file:./results" });
 * job.on("progress", ({ done }) => console.log(done));
 * await job.run();
 * ```
 */
export class LocalJob extends EventEmitter<LocalJobEvents> {
  /** The settings, with defaults filled in. */
  readonly settings: LocalSettings;
  readonly #createProcesses: (settings: LocalSettings, work: PendingWork | undefined) => WorkerProcesses;
  #processes: WorkerProcesses | undefined;
  /** Parameters of earlier starts that no worker counts. */
  #uncounted = 0;

  /**
   * @param createProcesses starts the workers; tests give a program of their own. @default the package's `sweep worker`
   * @throws PermanentError that names every wrong option.
   */
  constructor(
    options: LocalJobOptions,
    createProcesses = (settings: LocalSettings, work: PendingWork | undefined) =>
      new WorkerProcesses(settings, CLI_PROGRAM, { work }),
  ) {
    super();
    this.settings = resolveOptions(options);
    this.#createProcesses = createProcesses;
  }

  /** The sum of the progress that the workers have reported last. */
  get progress(): JobProgress {
    let [done, computed, failed] = [this.#uncounted, 0, 0];
    for (const worker of this.#processes?.progress.values() ?? []) {
      done += worker.resumed + worker.committed + worker.inBlock;
      computed += worker.committed + worker.inBlock;
      failed += worker.failed;
    }
    return { totalParameters: this.settings.totalParameters, done, computed, failed };
  }

  /**
   * Computes every parameter that is not committed yet. A failed parameter counts as computed; `verify` lists the failures.
   *
   * @param options.signal stops the workers: they commit what is finished, as far as `stopGraceSeconds` allows, and the promise rejects
   * with a {@link StoppedError}.
   * @throws SweepError if the run cannot be completed; `exitCode` tells whether another attempt may help. Committed results stay.
   */
  async run({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<FinishedRun> {
    const prepared = await unlessStopped(prepareRun(this.settings, signal), signal, ({ session }) => session.close());
    // Each worker loads the evaluation itself.
    prepared.session.close();
    const { identity, store, modulePath } = prepared;
    const looking = this.settings.partition === undefined ? findWork(store, identity, this.settings) : undefined;
    const work = looking && (await unlessStopped(looking, signal, () => {}));
    const resumed = work
      ? identity.totalParameters - countOf(work.pending)
      : (await unlessStopped(store.progress(), signal, () => {})).committed;
    const started: StartedRun = { identity, resultsUrl: store.url, resumed };
    if (work !== undefined) this.#uncounted = resumed;
    this.emit("started", started);
    const evaluation = modulePath ?? this.settings.evaluation;
    const processes = this.#createProcesses({ ...this.settings, evaluation, resultsUrl: store.url }, work);
    this.#processes = processes;
    const stop = () => processes.stop();
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    processes.on("message", (text) => this.emit("message", text));
    let tooManyFailed: PermanentError | undefined;
    processes.on("progress", () => {
      const { progress } = this;
      // Each worker ends itself at the limit; this counts the failures of all workers together.
      if (progress.failed > this.settings.maxFailures && tooManyFailed === undefined) {
        tooManyFailed = tooManyFailures(this.settings.maxFailures);
        this.emit("message", `${tooManyFailed.message}.`);
        processes.stop();
      }
      this.emit("progress", progress);
    });
    const code = await processes.run().finally(() => signal?.removeEventListener("abort", stop));
    if (tooManyFailed !== undefined) throw tooManyFailed;
    if (code === EXIT_CODE.DONE) return { ...started, workers: processes.progress, modulePath };
    if (signal?.aborted) throw new StoppedError();
    throw new SweepError(code, processes.lastError ?? `a worker has failed with exit code ${code}`);
  }
}

function tooManyFailures(maxFailures: number): PermanentError {
  return new PermanentError(
    `more than ${countNoun(maxFailures, "parameter")} failed, the limit of maxFailures (--max-failures, MAX_FAILURES)`,
  );
}
