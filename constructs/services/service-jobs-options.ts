import { z } from "zod";
import { type ExecutorSize, executorSizes } from "../pools/node-target.ts";
import { type ShapeOf, word } from "../support/fields.ts";
import { type WorkerJobSettings, wholeNumber, workerJobSettingsSchema } from "../workload/worker-job-settings.ts";

/** The settings of a job's pods that an environment decides, because a request must not. */
const podSettingNames = [
  "cpuRequestMillis",
  "memoryRequestMiB",
  "cpuLimitMillis",
  "memoryLimitMiB",
  "temporaryStorageMiB",
] as const satisfies readonly (keyof WorkerJobSettings)[];

/** Jobs of one size that the API may create. An environment lists them as `services.jobs`. */
export interface ServiceJobsOptions extends Pick<WorkerJobSettings, (typeof podSettingNames)[number]> {
  /** Runs the jobs on all pools whose label `executor-size` has this value. */
  readonly size: ExecutorSize;
  /** Workers of a job at most, a whole number from 1 to 10,000. @default 50 */
  readonly maxWorkers?: number | undefined;
}

/** Default of {@link ServiceJobsOptions.maxWorkers}. */
export const defaultMaxWorkers = 50;

const { cpuRequestMillis, memoryRequestMiB, cpuLimitMillis, memoryLimitMiB, temporaryStorageMiB } =
  workerJobSettingsSchema.shape;

/** Schema of the {@link ServiceJobsOptions}. */
export const serviceJobsOptionsSchema = z.strictObject({
  size: word(executorSizes, { example: "large" }),
  maxWorkers: wholeNumber(1, { example: 50, default: defaultMaxWorkers }, 10_000),
  cpuRequestMillis,
  memoryRequestMiB,
  cpuLimitMillis,
  memoryLimitMiB,
  temporaryStorageMiB,
} satisfies ShapeOf<ServiceJobsOptions>);
