import type { Toleration } from "../support/kubernetes-syntax.ts";
import { oneOf } from "../support/problems.ts";
import { type Allocatable, leastOf } from "./allocatable.ts";
import type { Capacity } from "./capacity.ts";
import { podsOfEachNode } from "./daemon-sets.ts";
import type { NodePool } from "./node-pool.ts";

/** Values of the label `executor-size` on the pools that run evaluations. */
export const executorSizes = ["small", "large", "gpu"] as const;
/** A value of the label `executor-size` on the pools that run evaluations. */
export type ExecutorSize = (typeof executorSizes)[number];

/** The nodes for the pods of a job. A `NodePool` is a target; all pools of an executor size together are another. */
export interface NodeTarget {
  /** Name of the pool or pools, for error texts. */
  readonly name: string;
  /** Node selector of the pods. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Tolerations of the pods. */
  readonly tolerations: readonly Toleration[];
  /** Resources that every node of the target has for pods and DaemonSets. */
  readonly allocatable: Allocatable;
  /**
   * CPU of the largest node type, if the pools differ, in thousandths of a core.
   * @default - as in {@link allocatable}
   */
  readonly largestCpuMillis?: number | undefined;
  /** The instance types of its nodes. The first one is named where the target is described. */
  readonly instanceTypes: readonly string[];
  /** Nodes at most, of all its pools together. */
  readonly capacity: Pick<Capacity, "max">;
  /** Whether every node of the target has a GPU. */
  readonly gpu: boolean;
}

/** All pools whose label `executor-size` has this value, or undefined without any. */
export function executorsOfSize(pools: readonly NodePool[], size: ExecutorSize): NodeTarget | undefined {
  const sized = pools.filter((pool) => pool.labels["executor-size"] === size);
  if (sized.length === 0) return undefined;
  const tolerations = sized.flatMap((pool) => pool.tolerations);
  return {
    name: oneOf(sized.map((pool) => pool.name)),
    nodeSelector: { "executor-size": size },
    tolerations: [...new Map(tolerations.map((toleration) => [JSON.stringify(toleration), toleration])).values()],
    // The scheduler may place a pod on any of them.
    allocatable: leastOf(sized.map((pool) => pool.allocatable)),
    largestCpuMillis: Math.max(...sized.map((pool) => pool.allocatable.cpuMillis)),
    instanceTypes: [...new Set(sized.flatMap((pool) => pool.instanceTypes))],
    capacity: { max: sized.reduce((sum, pool) => sum + pool.capacity.max, 0) },
    gpu: sized.every((pool) => pool.gpu),
  };
}

/**
 * Resources of a node for the pods of jobs: its allocatable resources without the requests and pods of DaemonSets, and without those of
 * the {@link simulatedKubeProxy}.
 */
export function roomForPods({ allocatable, gpu }: Pick<NodeTarget, "allocatable" | "gpu">): Allocatable {
  const others = podsOfEachNode({ gpu });
  return {
    ...allocatable,
    cpuMillis: others.reduce((left, { cpuRequestMillis }) => left - cpuRequestMillis, allocatable.cpuMillis),
    memoryMiB: others.reduce((left, { memoryRequestMiB }) => left - memoryRequestMiB, allocatable.memoryMiB),
    pods: allocatable.pods - others.length,
  };
}
