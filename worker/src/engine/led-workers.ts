import type { RunIdentity } from "../contract/identity.ts";
import { type Range, subtract } from "../parameters/ranges.ts";
import type { ResultStore, ResultWriter } from "../stores/store.ts";
import { InWork, inWorkNote } from "../supervisor/in-work.ts";
import { Leader } from "./leader.ts";
import type { FromLedWorker, ToLedWorker } from "./led-messages.ts";
import { REPORT_PROGRESS_EVERY_MS } from "./progress-reporter.ts";
import type { WorkerProgress } from "./worker-hooks.ts";

/** The parameters that the workers of a run divide among themselves. */
export interface PendingWork {
  /** The parameters without a result, disjoint and sorted. */
  readonly pending: readonly Range[];
  /** Of each worker that was killed at an earlier start, the ranges that it had in work. */
  readonly suspects: ReadonlyMap<number, readonly Range[]>;
  /** A block in work is committed in parts, one after so many milliseconds. */
  readonly completeEveryMs: number;
  /** Asks the store which parameters of some ranges have no result. */
  readonly pendingOf: (ranges: readonly Range[]) => Promise<readonly Range[]>;
}

/** Finds the work that is left of a run. The workers need not ask the store themselves. */
export async function findWork(
  store: ResultStore,
  identity: RunIdentity,
  { totalWorkers }: { readonly totalWorkers: number },
): Promise<PendingWork> {
  const workers = Array.from({ length: totalWorkers }, (_, worker) => worker);
  const rangeOf = async (worker: number) => {
    const range = await InWork.rangeOf(store.note(inWorkNote(worker, totalWorkers)));
    return range === undefined ? [] : [[worker, [range]] as const];
  };
  const all = [{ start: 0, count: identity.totalParameters }];
  return withWriter(store, identity, async (writer) => {
    const [committed, ...suspects] = await Promise.all([writer.committed(all), ...workers.map(rangeOf)]);
    return {
      pending: subtract(all, committed),
      suspects: new Map(suspects.flat()),
      completeEveryMs: writer.spool.completeEveryMs,
      pendingOf: (ranges) =>
        withWriter(store, identity, async (later) => subtract(ranges, await later.committed(ranges))),
    };
  });
}

async function withWriter<T>(
  store: ResultStore,
  identity: RunIdentity,
  use: (writer: ResultWriter) => Promise<T>,
): Promise<T> {
  const writer = await store.write(identity);
  try {
    return await use(writer);
  } finally {
    await writer.close();
  }
}

/** A worker answers in some milliseconds, unless a parameter takes longer. */
const ANSWER_WITHIN_MS = 250;

const NO_PROGRESS: WorkerProgress = { share: 0, resumed: 0, committed: 0, inBlock: 0, failed: 0 };

/** The launcher's side of workers that take ranges from it: their messages go to a {@link Leader}, and its decisions to them. */
export class LedWorkers {
  readonly #work: PendingWork;
  readonly #leader: Leader;
  /** The last report of each process, about its present ranges. */
  readonly #reports = new Map<number, WorkerProgress>();
  /** Failures that earlier processes of a worker have reported. */
  readonly #earlierFailures = new Map<number, number>();
  /** Those that wait for the answer of a worker. */
  readonly #waiting = new Map<number, NodeJS.Timeout>();

  constructor(
    work: PendingWork,
    { totalWorkers, batchSize }: { readonly totalWorkers: number; readonly batchSize: number },
    send: (worker: number, message: ToLedWorker) => void,
  ) {
    this.#work = work;
    const { pending, suspects } = work;
    this.#leader = new Leader(
      { pending, suspects, workers: totalWorkers, batchSize },
      {
        give: (worker, ranges) => send(worker, { type: "work", ranges }),
        askToYield: (worker) => {
          send(worker, { type: "yield" });
          const timer = setTimeout(() => this.#leader.overdue(worker), ANSWER_WITHIN_MS);
          this.#waiting.set(worker, timer.unref());
        },
        end: (worker) => send(worker, { type: "end" }),
      },
    );
  }

  /** Whether every parameter has a result. */
  get isDone(): boolean {
    return this.#leader.isDone;
  }

  hear(worker: number, message: FromLedWorker): void {
    if (message.type === "ready") {
      this.#leader.arrived(worker, message.concurrency);
    } else if (message.type === "progress") {
      this.#reports.set(worker, message.progress);
      this.#leader.reported(worker, message.progress.committed + message.progress.inBlock);
    } else {
      clearTimeout(this.#waiting.get(worker));
      this.#reports.set(worker, { ...NO_PROGRESS, failed: message.failed });
      this.#leader.finished(worker, message.left);
    }
  }

  /** A worker has ended. Others get what it had in work, but for the parameters that may have ended it. */
  async lost(worker: number): Promise<void> {
    clearTimeout(this.#waiting.get(worker));
    const work = this.#leader.workOf(worker);
    // A store that does not answer is the next worker's problem. It computes these parameters again.
    const left = work.length === 0 ? [] : await this.#work.pendingOf(work).catch(() => work);
    const failures = (this.#earlierFailures.get(worker) ?? 0) + this.#reportOf(worker).failed;
    this.#earlierFailures.set(worker, failures);
    this.#reports.delete(worker);
    // What is finished is committed after this time; a report more, because the end came between two of them.
    this.#leader.lost(worker, left, 2 * Math.ceil(this.#work.completeEveryMs / REPORT_PROGRESS_EVERY_MS));
  }

  /** What a worker has computed, all its starts together. */
  progressOf(worker: number): WorkerProgress {
    const { share, committed, inBlock, failed } = this.#reportOf(worker);
    const settled = this.#leader.settledBy(worker);
    return {
      share: settled + share,
      resumed: 0,
      committed: settled + committed,
      inBlock,
      failed: (this.#earlierFailures.get(worker) ?? 0) + failed,
    };
  }

  #reportOf(worker: number): WorkerProgress {
    return this.#reports.get(worker) ?? NO_PROGRESS;
  }
}
