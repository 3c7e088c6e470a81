import { availableParallelism } from "node:os";
import { problemsOf } from "../contract/check.ts";
import { type ResolvedWorkerSettings, SETTINGS, withDefaults } from "../contract/declarations.ts";
import { throwIfWrong } from "../contract/problems.ts";
import type { WorkerSettings } from "../contract/worker-settings.ts";

/** The settings of a run on this machine. Only `totalParameters` has no default. */
export interface LocalJobOptions
  extends Omit<WorkerSettings, "workerId" | "totalWorkers" | "stopGraceSeconds" | "partition"> {
  /**
   * Gives each worker a fixed share, as an Indexed Job does: `block-cyclic` or `contiguous`.
   *
   * @default - workers take work from one another, so that all of them end together
   */
  readonly partition?: WorkerSettings["partition"];

  /**
   * Number of worker processes. A whole number from 1 to 100,000.
   *
   * @default - one for each core
   */
  readonly totalWorkers?: number | undefined;

  /**
   * Seconds that the evaluation may take to finish the parameter in work when the job is stopped. From 0 to 60.
   *
   * @default 0
   */
  readonly stopGraceSeconds?: number | undefined;
}

/** The settings of a local job, with the defaults filled in. Without a partition, the workers take work from one another. */
export type LocalSettings = Omit<ResolvedWorkerSettings, "partition"> & Pick<WorkerSettings, "partition">;

/**
 * Settings with the defaults filled in.
 *
 * @throws PermanentError with one line for each wrong setting.
 */
export function resolveSettings(settings: WorkerSettings): ResolvedWorkerSettings {
  throwIfWrong(problemsOf(settings));
  return withDefaults(settings);
}

/** The settings of the workers of a local job. Each worker gets a number of its own in place of `workerId`. */
export function resolveOptions(options: LocalJobOptions): LocalSettings {
  const settings = resolveSettings({
    ...options,
    workerId: 0,
    totalWorkers: options.totalWorkers ?? availableParallelism(),
    stopGraceSeconds: options.stopGraceSeconds ?? SETTINGS.stopGraceSeconds.option.default,
  });
  return { ...settings, partition: options.partition };
}
