import {
  type Facts,
  formatCount,
  LIMITS,
  oneOf,
  SETTINGS,
  type WorkerSettings,
  withFacts,
} from "sweep-worker/contract";
import { z } from "zod";

export const placements = ["pack", "spread", "one-per-node"] as const;
export type Placement = (typeof placements)[number];

/** Settings of the worker that a job may set. The job's other settings decide the rest. */
export const workerSettingNames = [
  "totalParameters",
  "batchSize",
  "partition",
  "seed",
  "evaluation",
  "evaluationCommand",
  "resultColumns",
  "evaluationConcurrency",
  "evaluationTimeoutSeconds",
  "stopGraceSeconds",
  "maxFailures",
  "s3RequestTimeoutMs",
  "simulateWorkMs",
  "logLevel",
] as const satisfies readonly (keyof WorkerSettings)[];

/** A sweep as its author describes it. */
export interface WorkerJobSettings extends Pick<WorkerSettings, (typeof workerSettingNames)[number]> {
  /**
   * Name of the Job and prefix of its results. A DNS label; the Job's name gets a hash of its content appended, since Kubernetes cannot
   * change a Job.
   * @example "ttg-computation"
   */
  readonly name: string;

  /**
   * Number of workers, which is the number of shares and of the Indexed Job's completions. A whole number from 1 to 100,000. Another
   * number of workers continues the same run.
   * @example 3
   */
  readonly workers: number;

  /**
   * Number of pods that run at a time. A whole number from 0 to `workers`; 0 pauses the Job and keeps what is finished. Kubernetes
   * changes it in place.
   * @default - all workers
   */
  readonly parallelism?: number | undefined;

  /**
   * How the job's pods are placed on nodes. `pack` uses as few nodes as their requests allow; `spread` distributes them over the nodes
   * that exist, without a purchase for it; `one-per-node` gives each pod a node that no other pod of the job fits on.
   * @default "spread"
   */
  readonly placement?: Placement | undefined;

  /**
   * CPU that the scheduler reserves for a pod, in thousandths of a core.
   * @default - 100; with one-per-node, just above half of a node
   */
  readonly cpuRequestMillis?: number | undefined;

  /**
   * Memory that the scheduler reserves for a pod, in MiB.
   * @default - 128; as much as large blocks need, if that is more than 256
   */
  readonly memoryRequestMiB?: number | undefined;

  /**
   * CPU that a pod can use at most, in thousandths of a core.
   * @default - 500; with one-per-node, all of the node
   */
  readonly cpuLimitMillis?: number | undefined;

  /**
   * Memory that a pod can use at most, in MiB. An evaluation that comes near is ended, and the parameter that needs so much has failed.
   * Synthesis refuses less than the worker needs for its blocks.
   * @default - 256, or as much as large blocks need; with one-per-node, all of the node
   */
  readonly memoryLimitMiB?: number | undefined;

  /**
   * GPUs of each pod.
   * @default - 1 on a GPU pool, 0 on others
   */
  readonly gpus?: number | undefined;

  /**
   * Size of /tmp in MiB, the only place where a pod can write. It holds the evaluation, and the blocks on their way to the bucket.
   * @default - 64, and room for 32 blocks of 8 columns or 32 MiB of them, at least for 2
   */
  readonly temporaryStorageMiB?: number | undefined;

  /**
   * Number of times that a failed worker is started again. Interruptions of its machine do not count.
   * @default 6
   */
  readonly backoffLimitPerIndex?: number | undefined;

  /**
   * Number of workers that may fail for good before the whole Job fails. A mistake that every worker would meet should not be paid for by
   * every worker.
   * @default - a tenth of the workers, at least 1
   */
  readonly maxFailedIndexes?: number | undefined;

  /**
   * Raise it by 1 to start a Job again that has failed: it gets another name, and the run continues where it stopped. A deploy
   * without a change leaves a failed Job as it is.
   * @default 0
   */
  readonly restart?: number | undefined;

  /**
   * Name of a Secret in the job's namespace, whose entries become environment variables. Make it with `kubectl create secret generic`;
   * Terraform never sees its content.
   * @default - none
   */
  readonly secretName?: string | undefined;

  /**
   * Name of the run below the prefix of results. The default changes with everything that changes results; set it to continue a run
   * under its old name. The worker refuses to mix the results of two runs under any name.
   * @default - the job's name and a hash of evaluation, columns, parameters, batch size and seed
   */
  readonly runName?: string | undefined;
}

/** Defaults of settings for which the worker has none. */
export const jobDefaults = {
  placement: "spread",
  cpuRequestMillis: 100,
  memoryRequestMiB: 128,
  cpuLimitMillis: 500,
  memoryLimitMiB: 256,
  backoffLimitPerIndex: 6,
  restart: 0,
} as const satisfies Partial<WorkerJobSettings>;

/** The default of a pod's temporary storage: a fixed part for the evaluation, and room for blocks with this number of columns. */
export const defaultStorage = { evaluationMiB: 64, spooledColumns: 8 } as const;

/** The largest number of most fields of Kubernetes (`int32`). */
const mostOfKubernetes = 2 ** 31 - 1;
/** The least CPU that a container gets: 1 ms of each 100 ms, the shortest slice of the kernel's scheduler. Less is rounded up. */
export const leastCpuMillis = 10;

/** The schema of a setting that may be left out. @param most the largest number. @default that of Kubernetes */
export function wholeNumber(least: number, facts: Omit<Facts<number>, "allowed">, most = mostOfKubernetes) {
  const unit = facts.unit === undefined ? "" : ` of ${facts.unit}`;
  const allowed = `a whole number${unit} from ${least} to ${formatCount(most)}`;
  return withFacts(z.int().min(least).max(most), { ...facts, allowed }).optional();
}

function dnsLabel(facts: Omit<Facts<string>, "allowed">) {
  return withFacts(z.string(), { ...facts, allowed: "a DNS label" });
}

/** The unit of CPU. */
export const cores = "thousandths of a core";

/** The schema of {@link WorkerJobSettings}: types, ranges, defaults and examples of every field. */
export const workerJobSettingsSchema = z.strictObject({
  name: dnsLabel({ example: "ttg-computation" }),
  totalParameters: SETTINGS.totalParameters.schema,
  workers: withFacts(SETTINGS.totalWorkers.schema, {
    allowed: `${SETTINGS.totalWorkers.allowed}, which is the limit of Kubernetes for an Indexed Job`,
    example: 3,
  }),
  parallelism: wholeNumber(0, { example: 3, defaultText: "all workers" }),
  placement: withFacts(z.enum(placements), {
    allowed: oneOf(placements),
    example: "spread",
    default: jobDefaults.placement,
  }).optional(),
  batchSize: z.optional(SETTINGS.batchSize.schema),
  partition: z.optional(SETTINGS.partition.schema),
  seed: z.optional(SETTINGS.seed.schema),
  evaluation: z.optional(SETTINGS.evaluation.schema),
  evaluationCommand: z.optional(SETTINGS.evaluationCommand.schema),
  resultColumns: z.optional(SETTINGS.resultColumns.schema),
  evaluationConcurrency: z.optional(SETTINGS.evaluationConcurrency.schema),
  evaluationTimeoutSeconds: z.optional(SETTINGS.evaluationTimeoutSeconds.schema),
  stopGraceSeconds: z.optional(SETTINGS.stopGraceSeconds.schema),
  maxFailures: z.optional(SETTINGS.maxFailures.schema),
  s3RequestTimeoutMs: z.optional(SETTINGS.s3RequestTimeoutMs.schema),
  simulateWorkMs: z.optional(SETTINGS.simulateWorkMs.schema),
  logLevel: z.optional(SETTINGS.logLevel.schema),
  cpuRequestMillis: wholeNumber(leastCpuMillis, {
    unit: cores,
    example: 500,
    defaultText: `${jobDefaults.cpuRequestMillis}; with one-per-node, just above half of a node`,
  }),
  memoryRequestMiB: wholeNumber(1, {
    unit: "MiB",
    example: 512,
    defaultText: `${jobDefaults.memoryRequestMiB}; as much as large blocks need, if that is more than ${jobDefaults.memoryLimitMiB}`,
  }),
  cpuLimitMillis: wholeNumber(leastCpuMillis, {
    unit: cores,
    example: 1000,
    defaultText: `${jobDefaults.cpuLimitMillis}; with one-per-node, all of the node`,
  }),
  memoryLimitMiB: wholeNumber(1, {
    unit: "MiB",
    example: 1024,
    defaultText: `${jobDefaults.memoryLimitMiB}, or as much as large blocks need; with one-per-node, all of the node`,
  }),
  gpus: wholeNumber(0, { example: 1, defaultText: "1 on a GPU pool, 0 on others" }),
  temporaryStorageMiB: wholeNumber(1, {
    unit: "MiB",
    example: 128,
    defaultText: `${defaultStorage.evaluationMiB}, and room for ${LIMITS.spooledBlocks} blocks of ${defaultStorage.spooledColumns} columns or ${LIMITS.bytesInFlight / 1024 ** 2} MiB of them, at least for 2`,
  }),
  backoffLimitPerIndex: wholeNumber(0, { example: 6, default: jobDefaults.backoffLimitPerIndex }),
  maxFailedIndexes: wholeNumber(0, { example: 1, defaultText: "a tenth of the workers, at least 1" }),
  restart: wholeNumber(0, { example: 1, default: jobDefaults.restart }),
  secretName: withFacts(z.string(), {
    allowed: "the name of a Secret",
    example: "sweep-secrets",
    defaultText: "none",
  }).optional(),
  runName: dnsLabel({
    example: "first-sweep",
    defaultText: "the job's name and a hash of evaluation, columns, parameters, batch size and seed",
  }).optional(),
} satisfies { readonly [Name in keyof WorkerJobSettings]-?: z.core.$ZodType<WorkerJobSettings[Name]> });
