import { DEFAULTS, LIMITS, type WorkerConfiguration } from "sweep-worker/contract";
import { type NodeTarget, roomForPods } from "../pools/node-target.ts";

export const placements = ["pack", "spread", "one-per-node"] as const;
/**
 * How a job's pods lie on nodes: `pack` on as few as their requests allow; `spread` evenly over those that there are,
 * without buying any for it; `one-per-node` each on a node that no other pod of the job fits on.
 */
export type Placement = (typeof placements)[number];

/** Words of the worker's contract, in lists that a schema and an error can show; the compiler compares them with it. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const satisfies readonly LogLevel[];
export const partitions = ["block-cyclic", "contiguous"] as const satisfies readonly Partition[];
type LogLevel = WorkerConfiguration["logLevel"];
type Partition = WorkerConfiguration["partition"];

/** Settings that reach the worker as environment variables, by the names and units of `worker/src/contract/settings.ts`. */
export const workerSettingNames = [
  "totalParameters",
  "batchSize",
  "simulateWorkMs",
  "logLevel",
  "evaluation",
  "evaluationCommand",
  "resultColumns",
  "evaluationTimeoutSeconds",
  "maxFailures",
  "seed",
  "partition",
  "s3RequestTimeoutMs",
] as const satisfies readonly (keyof WorkerConfiguration)[];

type OptionalWorkerSettings = {
  readonly [Name in Exclude<(typeof workerSettingNames)[number], "totalParameters" | "resultColumns">]?:
    | WorkerConfiguration[Name]
    | undefined;
};

/** A sweep as its author describes it; what is left out of the worker's settings has the contract's default. */
export interface WorkerJobSettings extends OptionalWorkerSettings {
  /** Name of the Job, without the hash that is appended to it, for example `ttg-computation`. */
  readonly name: string;
  /** The parameters are 0 to one less than this. */
  readonly totalParameters: number;
  /** The columns of {@link evaluationCommand}; a module declares its own. */
  readonly resultColumns?: readonly string[] | undefined;
  /** Into how many shares they are divided: the completions of the Indexed Job. Changing it resumes the same run. */
  readonly workers: number;
  /**
   * How many pods run at a time. 0 pauses the Job; what is finished stays.
   * @default - all workers
   */
  readonly parallelism?: number | undefined;
  /** @default "spread" */
  readonly placement?: Placement | undefined;
  /**
   * CPU that the scheduler sets aside for a pod, in thousandths of a core.
   * @default 100, or more than half a node with `one-per-node`
   */
  readonly cpuRequestMillis?: number | undefined;
  /** @default 128 */
  readonly memoryRequestMiB?: number | undefined;
  /**
   * CPU that a pod may use, in thousandths of a core.
   * @default 500, or all of the node with `one-per-node`
   */
  readonly cpuLimitMillis?: number | undefined;
  /**
   * Memory beyond which a pod is killed, and tried again.
   * @default 256, or all of the node with `one-per-node`
   */
  readonly memoryLimitMiB?: number | undefined;
  /**
   * GPUs of each pod.
   * @default 1 on a GPU pool, 0 elsewhere
   */
  readonly gpus?: number | undefined;
  /**
   * Size of /tmp, the only place a pod can write to: the evaluation, and the blocks on their way to the bucket.
   * @default - 64 and what 32 blocks of 8 columns take
   */
  readonly temporaryStorageMiB?: number | undefined;
  /**
   * How often a worker that fails is started again; machines that are taken away do not count.
   * @default 6
   */
  readonly backoffLimitPerIndex?: number | undefined;
  /**
   * How many workers may fail for good before the Job ends. A mistake that all of them meet should not be made by all.
   * @default - a tenth of the workers, at least 1
   */
  readonly maxFailedIndexes?: number | undefined;
  /**
   * A Secret of the namespace, whose entries become environment variables. Its content is never seen here: make it with
   * `kubectl create secret generic`.
   * @default - none
   */
  readonly secretName?: string | undefined;
  /**
   * Where in the bucket the results are, instead of a name that changes with everything that could change them. The worker
   * refuses to mix the results of two runs, whatever stands here.
   * @default - the job's name and a hash of image, evaluation, parameters, batch size and seed
   */
  readonly runName?: string | undefined;
}

/** Requests and limits of a pod, all defaults applied. */
export interface PodResources {
  readonly cpuRequestMillis: number;
  readonly memoryRequestMiB: number;
  readonly cpuLimitMillis: number;
  readonly memoryLimitMiB: number;
  readonly gpus: number;
  readonly temporaryStorageMiB: number;
}

const spooledColumns = 8;
const bytesPerValue = 8;

export function podResources(settings: WorkerJobSettings, target: NodeTarget): PodResources {
  const room = roomForPods(target);
  const alone = settings.placement === "one-per-node";
  const spoolBytes = LIMITS.spooledBlocks * spooledColumns * bytesPerValue * (settings.batchSize ?? DEFAULTS.batchSize);
  return {
    cpuRequestMillis: settings.cpuRequestMillis ?? (alone ? leastCpuForANodeAlone(target) : 100),
    memoryRequestMiB: settings.memoryRequestMiB ?? 128,
    cpuLimitMillis: settings.cpuLimitMillis ?? (alone ? room.cpuMillis : 500),
    memoryLimitMiB: settings.memoryLimitMiB ?? (alone ? room.memoryMiB : 256),
    gpus: settings.gpus ?? (target.gpu ? 1 : 0),
    temporaryStorageMiB: settings.temporaryStorageMiB ?? 64 + Math.ceil(spoolBytes / 1024 ** 2),
  };
}

/**
 * Two pods that each ask for more than half of a node never share one. Required anti-affinity would say the same, but the
 * autoscaler's own documentation calls it three orders of magnitude slower than all other predicates together.
 * @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/FAQ.md#what-are-the-service-level-objectives-for-cluster-autoscaler
 */
export function leastCpuForANodeAlone({ allocatable, largestCpuMillis = allocatable.cpuMillis }: NodeTarget): number {
  return Math.floor(largestCpuMillis / 2) + 1;
}

export function maxFailedIndexes({ workers, maxFailedIndexes: given }: WorkerJobSettings): number {
  return given ?? Math.max(1, Math.floor(workers / 10));
}
