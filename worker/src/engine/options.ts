import { availableParallelism } from "node:os";
import { readConfiguration, toEnvironment, type WorkerConfiguration } from "../contract/settings.ts";

type Defaulted = Omit<WorkerConfiguration, "workerId" | "totalWorkers" | "totalParameters">;

/** The settings of a run. Every setting but `totalParameters` has a default. */
export interface RunOptions extends Partial<Defaulted> {
  /** The parameters are 0 to one less than this. */
  readonly totalParameters: number;
}

/** The settings of one worker of a run. */
export interface WorkerOptions extends RunOptions {
  /** The share that this worker computes, from 0 to one less than `totalWorkers`. */
  readonly workerId: number;
  /** The number of shares that the parameters are divided into. */
  readonly totalWorkers: number;
}

/** The settings of a run on this machine. */
export interface LocalJobOptions extends RunOptions {
  /**
   * How many worker processes compute.
   *
   * @default one for each core
   */
  readonly totalWorkers?: number | undefined;
}

/**
 * Options with the defaults filled in.
 *
 * @throws PermanentError that names every wrong option.
 */
export function settingsOf(options: LocalJobOptions & { readonly workerId?: number }): WorkerConfiguration {
  const complete = { ...options, workerId: options.workerId ?? 0 };
  const totalWorkers = options.totalWorkers ?? availableParallelism();
  return readConfiguration(toEnvironment({ ...complete, totalWorkers } as WorkerConfiguration), (property) => property);
}
