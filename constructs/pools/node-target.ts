import { nvidiaDevicePluginRequests } from "../addons/nvidia-device-plugin.ts";
import type { Toleration } from "../support/kubernetes-syntax.ts";
import { oneOf } from "../support/problems.ts";
import type { Allocatable } from "./allocatable.ts";
import type { NodePool } from "./node-pool.ts";

export const executorSizes = ["small", "large", "gpu"] as const;
/** Value of the label `executor-size` on the pools that evaluations run on. */
export type ExecutorSize = (typeof executorSizes)[number];

/** Where pods of a job go. A `NodePool` is one; all pools of an executor size together are another. */
export interface NodeTarget {
  /** For error texts. */
  readonly name: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  /** What every one of the nodes has. */
  readonly allocatable: Allocatable;
  /**
   * What the largest of the nodes has, where they are not alike.
   * @default - as in {@link allocatable}
   */
  readonly largestCpuMillis?: number | undefined;
  readonly gpu: boolean;
}

/** All pools with the label `executor-size` of that value, or undefined where there is none. */
export function executorsOfSize(pools: readonly NodePool[], size: ExecutorSize): NodeTarget | undefined {
  const sized = pools.filter((pool) => pool.labels["executor-size"] === size);
  if (sized.length === 0) return undefined;
  const least = (figure: keyof Allocatable) => Math.min(...sized.map((pool) => pool.allocatable[figure]));
  const tolerations = sized.flatMap((pool) => pool.tolerations);
  return {
    name: oneOf(sized.map((pool) => pool.name)),
    nodeSelector: { "executor-size": size },
    tolerations: [...new Map(tolerations.map((one) => [JSON.stringify(one), one])).values()],
    // A pod may come to lie on any of them.
    allocatable: {
      cpuMillis: least("cpuMillis"),
      memoryMiB: least("memoryMiB"),
      ephemeralStorageMiB: least("ephemeralStorageMiB"),
      gpus: least("gpus"),
      pods: least("pods"),
    },
    largestCpuMillis: Math.max(...sized.map((pool) => pool.allocatable.cpuMillis)),
    gpu: sized.every((pool) => pool.gpu),
  };
}

/**
 * What DaemonSets of the add-ons ask for on every node, by their charts: aws-node and its network policy agent 25m each,
 * kube-proxy 100m, three containers of ebs-csi-node 10m and 40Mi each; the Pod Identity agent asks for nothing.
 * @see https://github.com/aws/amazon-vpc-cni-k8s/blob/master/charts/aws-vpc-cni/values.yaml
 * @see https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/charts/aws-ebs-csi-driver/values.yaml
 */
const daemonSetRequests = { cpuMillis: 2 * 25 + 100 + 3 * 10, memoryMiB: 3 * 40 } as const;

/** What is left of a node for pods of jobs: its allocatable resources less what DaemonSets ask for. */
export function roomForPods({ allocatable, gpu }: NodeTarget): Omit<Allocatable, "pods"> {
  const plugin = gpu ? nvidiaDevicePluginRequests : { cpuMillis: 0, memoryMiB: 0 };
  return {
    cpuMillis: allocatable.cpuMillis - daemonSetRequests.cpuMillis - plugin.cpuMillis,
    memoryMiB: allocatable.memoryMiB - daemonSetRequests.memoryMiB - plugin.memoryMiB,
    ephemeralStorageMiB: allocatable.ephemeralStorageMiB,
    gpus: allocatable.gpus,
  };
}
