import { countNoun } from "../contract/format.ts";
import type { WorkerSettings } from "../contract/worker-settings.ts";
import { shareOf } from "../parameters/partition.ts";
import { countOf, subtract } from "../parameters/ranges.ts";
import { OpenedWorker } from "./opened-worker.ts";
import { resolveSettings } from "./options.ts";
import { ProgressReporter } from "./progress-reporter.ts";
import { unlessStopped } from "./stopping.ts";
import type { RunWorkerHooks, WorkerProgress } from "./worker-hooks.ts";

/**
 * Computes one share of a run, from where an earlier start left it. The user's code runs in a process of its own; what it
 * prints goes to this process's standard error.
 *
 * @returns the progress at the end: every parameter of the share is committed.
 * @throws SweepError if the worker cannot go on; `exitCode` tells whether another attempt may help. Committed results stay.
 */
export async function runWorker(options: WorkerSettings, hooks: RunWorkerHooks = {}): Promise<WorkerProgress> {
  const settings = resolveSettings(options);
  return OpenedWorker.use(settings, hooks, async (worker) => {
    const { writer, store, log, signal } = worker;
    const { workerId, totalWorkers, totalParameters } = settings;
    const share = shareOf(workerId, settings);
    const pending = subtract(share, await unlessStopped(writer.committed(share), signal, () => {}));
    const progress = new ProgressReporter(hooks, countOf(share), countOf(pending));
    const { resumed } = progress.current;
    log.info({ totalWorkers, totalParameters, share: countOf(share), resumed, results: store.url }, "started");
    const { supervisor, rest } = await worker.supervise({ pending }, progress);
    const outcome = await supervisor.run(rest);
    const { failed } = progress.end();
    if (outcome === "stopped") throw worker.stopped(progress, supervisor, "the share");
    log.info({ failed }, `[WORKER ${workerId}] Processed: ${countNoun(countOf(share), "parameter")}`);
    return progress.current;
  });
}
