import { z } from "zod";
import { byName, flag, list, number, type ShapeOf, text, word } from "../support/fields.ts";
import { type Taint, taintSchema } from "../support/kubernetes-syntax.ts";
import { type Capacity, capacitySchema } from "./capacity.ts";
import type { InstanceType } from "./instance-types.ts";

/** Purchase options of EC2, by their names in EKS. */
export const capacityTypes = ["ON_DEMAND", "SPOT"] as const;
/** A purchase option of EC2, by its name in EKS. */
export type CapacityType = (typeof capacityTypes)[number];

/** Defaults of the options of a pool. */
export const nodePoolDefaults = {
  capacityType: "ON_DEMAND",
  labels: {},
  taints: [],
  gpu: false,
  volumeSizeGiB: 50,
} as const satisfies Partial<NodePoolOptions>;

/** Options of a node pool: everything but its name. An environment sets them as `nodePools.<name>`. */
export interface NodePoolOptions {
  /**
   * EC2 instance types, at least one, for example `["c5.2xlarge", "c5a.2xlarge"]`. All of them must offer the same vCPUs, memory
   * and GPUs, because the autoscaler simulates the first type only. All of them have the same architecture, because they boot the
   * same image: x86_64, or arm64 for Graviton such as `c7g.2xlarge`. Several types help with SPOT: each is one more market in which
   * EC2 looks for a machine.
   */
  readonly instanceTypes: readonly string[];
  /** Number of nodes: `fixed(5)`, `dynamic(2, 20)` or `fromZero(50)`. */
  readonly capacity: Capacity;
  /**
   * Purchase option of the nodes. `SPOT` costs 70 to 90 % less, and EC2 can take a node back with two minutes' notice.
   * @default "ON_DEMAND"
   */
  readonly capacityType?: CapacityType | undefined;
  /**
   * Labels of every node, for example `{ "workload-type": "executor" }`. The pool adds `node-pool`, `node-pool-kind` and, with
   * GPUs, the labels that the device plugin and the autoscaler look for.
   * @default {}
   */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /**
   * Taints of every node, for example `[{ key: "workload-type", value: "executor", effect: "NoSchedule" }]`. Without taints, pods
   * need no toleration.
   * @default []
   */
  readonly taints?: readonly Taint[] | undefined;
  /**
   * Whether the nodes offer `nvidia.com/gpu` to pods. They then boot the AMI with NVIDIA's driver.
   * @default false
   */
  readonly gpu?: boolean | undefined;
  /**
   * Size of each node's root volume in GiB: a whole number from 20 to 16384. The volume (gp3, encrypted) holds container images
   * and everything that pods write outside of volumes.
   * @default 50
   */
  readonly volumeSizeGiB?: number | undefined;
  /**
   * Availability zones in which nodes may start, for example `["us-west-2a"]`. With one zone, the group's zone rebalancing cannot
   * terminate busy nodes. Changing the zones replaces the pool's nodes.
   * @default - the zones of the cluster
   * @see https://github.com/aws/containers-roadmap/issues/1453
   */
  readonly availabilityZones?: readonly string[] | undefined;
}

/** A node pool with its name. */
export interface NodePoolProps extends NodePoolOptions {
  /**
   * Name of the pool, for example `executor`: a DNS label of at most 30 characters. Jobs name their pool by it, and it is the
   * value of the label `node-pool`.
   */
  readonly name: string;
  /**
   * Figures of instance types that the table {@link instanceTypes} lacks, by type.
   * @default {}
   */
  readonly additionalInstanceTypes?: Readonly<Record<string, InstanceType>> | undefined;
}

/** Range of a root volume: the EKS image needs 20 GiB, and gp3 volumes end at 16 TiB. */
export const volumeSizes = { leastGiB: 20, mostGiB: 16384, allowed: "a whole number of GiB from 20 to 16384" } as const;

/** Schema of the {@link NodePoolOptions}. */
export const nodePoolOptionsSchema = z.strictObject({
  instanceTypes: list(text({ example: "c5.2xlarge" }), {
    allowed: "a list of EC2 instance types",
    example: ["c5.2xlarge"],
  }),
  capacity: capacitySchema,
  capacityType: word(capacityTypes, { example: "SPOT", default: nodePoolDefaults.capacityType }).optional(),
  labels: byName(text({ example: "executor" }), {
    allowed: "an object of labels",
    example: { "workload-type": "executor" },
    default: nodePoolDefaults.labels,
  }).optional(),
  taints: list(taintSchema, {
    allowed: "a list of taints",
    example: [{ key: "workload-type", value: "executor", effect: "NoSchedule" }],
    default: nodePoolDefaults.taints,
  }).optional(),
  gpu: flag({ example: true, default: nodePoolDefaults.gpu }).optional(),
  volumeSizeGiB: number({
    allowed: volumeSizes.allowed,
    example: 50,
    default: nodePoolDefaults.volumeSizeGiB,
  }).optional(),
  availabilityZones: list(text({ example: "us-west-2a" }), {
    allowed: "a list of availability zones",
    example: ["us-west-2a"],
  }).optional(),
} satisfies ShapeOf<NodePoolOptions>);
