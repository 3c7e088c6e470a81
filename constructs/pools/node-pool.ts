import {
  dnsLabelProblems,
  labelProblems,
  type Taint,
  type TaintEffect,
  taintProblems,
} from "../support/kubernetes-syntax.ts";
import { duplicatesIn, oneOf, type Problem, show, throwIfAny, within } from "../support/problems.ts";
import { type Allocatable, commonAllocatable } from "./allocatable.ts";
import { type Capacity, capacityProblems } from "./capacity.ts";
import { gpuInstanceTypes, type InstanceType, instanceTypeProblems, instanceTypes } from "./instance-types.ts";

export interface NodePoolProps {
  /** Name of the pool, for example `executor`: what a job names, and the value of the label `node-pool`. */
  readonly name: string;
  /**
   * EC2 instance types, for example `["c5.2xlarge"]`. Several types must offer the same vCPUs, memory and GPUs, because
   * the autoscaler simulates the first only; with SPOT they are worth naming, each is one more market to find a machine in.
   */
  readonly instanceTypes: readonly string[];
  /** `fixed(5)`, `dynamic(2, 20)` or `fromZero(50)`. */
  readonly capacity: Capacity;
  /**
   * `SPOT` costs 70 to 90 % less and can be taken away with two minutes' notice.
   * @default "ON_DEMAND"
   */
  readonly capacityType?: "ON_DEMAND" | "SPOT" | undefined;
  /**
   * Labels of every node, in addition to `node-pool` and, on a GPU pool, those the device plugin looks for.
   * @default {}
   */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** @default [] - pods need no toleration */
  readonly taints?: readonly Taint[] | undefined;
  /**
   * Whether the nodes offer `nvidia.com/gpu`: they then boot the AMI with NVIDIA's driver.
   * @default false
   */
  readonly gpu?: boolean | undefined;
  /**
   * Size of each node's root volume (gp3, encrypted) in GiB: container images and everything pods write outside volumes.
   * @default 50
   */
  readonly volumeSizeGiB?: number | undefined;
  /**
   * Availability zones the nodes may start in. One zone keeps the group's zone rebalancing from terminating busy nodes.
   * @default - all zones of the network
   * @see https://github.com/aws/containers-roadmap/issues/1453
   */
  readonly availabilityZones?: readonly string[] | undefined;
  /**
   * Figures of instance types that the table in `instance-types.ts` lacks.
   * @default {}
   */
  readonly additionalInstanceTypes?: Readonly<Record<string, InstanceType>> | undefined;
}

/** Lets a pod onto a tainted node, in the form of a pod's specification. */
export interface Toleration {
  readonly key: string;
  readonly operator: "Equal";
  readonly value: string;
  readonly effect: TaintEffect;
}

/** EKS's spelling of the effects. @see https://docs.aws.amazon.com/eks/latest/APIReference/API_Taint.html */
const eksEffects = {
  NoSchedule: "NO_SCHEDULE",
  PreferNoSchedule: "PREFER_NO_SCHEDULE",
  NoExecute: "NO_EXECUTE",
} as const satisfies Record<TaintEffect, string>;

const defaultVolumeSizeGiB = 50;
const templateTag = "k8s.io/cluster-autoscaler/node-template";

/**
 * A kind of machine: one object from which the node group, its tags for the autoscaler, and the tolerations and node
 * selectors of pods are all derived, so that they cannot contradict each other.
 */
export class NodePool {
  readonly name: string;
  readonly instanceTypes: readonly string[];
  readonly capacity: Capacity;
  readonly capacityType: "ON_DEMAND" | "SPOT";
  readonly gpu: boolean;
  readonly volumeSizeGiB: number;
  readonly taints: readonly Taint[];
  /** All labels of a node, the derived ones included. */
  readonly labels: Readonly<Record<string, string>>;
  /** What pods, DaemonSets included, can have of one node whichever of the types it is. */
  readonly allocatable: Allocatable;
  /** `undefined` for all zones of the network. */
  readonly availabilityZones: readonly string[] | undefined;

  /** @throws InvalidConfigurationError that names everything {@link nodePoolProblems} finds. */
  constructor(props: NodePoolProps) {
    throwIfAny(`node pool ${show(props.name)}`, nodePoolProblems(props));
    const known = { ...instanceTypes, ...props.additionalInstanceTypes };
    const types = props.instanceTypes.flatMap((name) => known[name] ?? []);
    this.name = props.name;
    this.instanceTypes = props.instanceTypes;
    this.capacity = props.capacity;
    this.capacityType = props.capacityType ?? "ON_DEMAND";
    this.gpu = props.gpu ?? false;
    this.volumeSizeGiB = props.volumeSizeGiB ?? defaultVolumeSizeGiB;
    this.taints = props.taints ?? [];
    this.availabilityZones = props.availabilityZones;
    this.allocatable = commonAllocatable(types, this.volumeSizeGiB);
    this.labels = {
      ...props.labels,
      "node-pool": props.name,
      // Without node-feature-discovery nothing else matches the NVIDIA device plugin's affinity, its DaemonSet would have
      // no pod, and the GPU would never be advertised (k8s-device-plugin#315, #1213).
      ...(this.gpu && { "nvidia.com/gpu.present": "true" }),
      ...(this.gpu && types[0]?.accelerator && { "k8s.amazonaws.com/accelerator": types[0].accelerator }),
    };
  }

  /** A node selector that matches this pool and no other. */
  get nodeSelector(): Readonly<Record<string, string>> {
    return { "node-pool": this.name };
  }

  /** Tolerations a pod needs to run here. */
  get tolerations(): Toleration[] {
    return this.taints.map(({ key, value, effect }) => ({ key, operator: "Equal", value: value ?? "", effect }));
  }

  /** The taints as the EKS API writes them. */
  get eksTaints(): { key: string; value: string; effect: (typeof eksEffects)[TaintEffect] }[] {
    return this.taints.map(({ key, value, effect }) => ({ key, value: value ?? "", effect: eksEffects[effect] }));
  }

  /** The EKS-optimized image; with NVIDIA's it has the driver, but not the device plugin (amazon-eks-ami#2342). */
  get amiType(): "AL2023_x86_64_STANDARD" | "AL2023_x86_64_NVIDIA" {
    return this.gpu ? "AL2023_x86_64_NVIDIA" : "AL2023_x86_64_STANDARD";
  }

  /**
   * What the cluster autoscaler must know of a node before there is one. Values are exact: a taint written as plain
   * `NoSchedule` is silently ignored, a group without `ephemeral-storage` never grows for a pod that requests it
   * (autoscaler#1869), and without real `cpu` and `memory` it grows for pods that then do not fit (autoscaler#2809).
   * @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/cloudprovider/aws/README.md#auto-discovery-setup
   */
  get autoscalerTags(): Readonly<Record<string, string>> {
    const { cpuMillis, memoryMiB, ephemeralStorageMiB, gpus } = this.allocatable;
    const tags: Record<string, string> = {};
    for (const [key, value] of Object.entries(this.labels)) tags[`${templateTag}/label/${key}`] = value;
    for (const { key, value, effect } of this.taints) tags[`${templateTag}/taint/${key}`] = `${value ?? ""}:${effect}`;
    tags[`${templateTag}/resources/cpu`] = `${cpuMillis}m`;
    tags[`${templateTag}/resources/memory`] = `${memoryMiB}Mi`;
    tags[`${templateTag}/resources/ephemeral-storage`] = `${ephemeralStorageMiB}Mi`;
    if (this.gpu) tags[`${templateTag}/resources/nvidia.com/gpu`] = String(gpus);
    return tags;
  }
}

/** Everything that is wrong with a pool; `path` starts with the property. */
export function nodePoolProblems(props: NodePoolProps): Problem[] {
  const known = { ...instanceTypes, ...props.additionalInstanceTypes };
  const labels = props.labels ?? {};
  return [
    // EKS allows 63 characters in a group's name and Terraform appends 26 to a prefix.
    ...within(["name"], dnsLabelProblems(props.name, 30)),
    ...within(["capacity"], capacityProblems(props.capacity)),
    ...within(["instanceTypes"], typesProblems(props, known)),
    ...within(["labels"], [...labelProblems(labels), ...derivedLabelProblems(labels)]),
    ...within(["taints"], taintProblems(props.taints ?? [])),
    ...volumeProblems(props.volumeSizeGiB ?? defaultVolumeSizeGiB),
  ];
}

function typesProblems(props: NodePoolProps, known: Readonly<Record<string, InstanceType>>): Problem[] {
  const names = props.instanceTypes;
  const got = show(names);
  const unknown = instanceTypeProblems(names, known);
  if (unknown.length > 0) return unknown;
  if (names.length === 0) {
    return [
      { path: [], what: "is empty", got, allowed: "at least one type", fix: 'name one, for example "c5.2xlarge"' },
    ];
  }
  const problems: Problem[] = [];
  const repeated = duplicatesIn(names);
  if (repeated.length > 0) {
    const fix = `remove the second ${oneOf(repeated)}`;
    problems.push({ path: [], what: "repeats a type", got, allowed: "each type once", fix });
  }
  const sizes = names.map((name) => sizeOf(known[name]));
  if (new Set(sizes).size > 1) {
    problems.push({
      path: [],
      what: "mixes sizes",
      got: names.map((name, index) => `${name} (${sizes[index]})`).join(", "),
      allowed: "types of equal vCPUs, memory and GPUs, since the autoscaler simulates the first only",
      fix: `keep those with ${sizes[0]}, or make a pool of each size`,
    });
  }
  const gpus = names.filter((name) => (known[name]?.gpus ?? 0) > 0);
  if (props.gpu && gpus.length < names.length) {
    const allowed = `types with a GPU: ${oneOf(gpuInstanceTypes(known))}`;
    problems.push({
      path: [],
      what: "has a type without GPU in a GPU pool",
      got,
      allowed,
      fix: "replace it or remove gpu",
    });
  }
  if (!props.gpu && gpus.length > 0) {
    const fix = "add gpu: true, or choose a type without GPU";
    const what = "has a GPU that no pod could ask for";
    problems.push({ path: [], what, got, allowed: "types without GPU in a pool without gpu: true", fix });
  }
  return problems;
}

function sizeOf(type: InstanceType | undefined): string {
  if (type === undefined) return "unknown";
  return `${type.vCpus} vCPU, ${type.memoryGiB} GiB${type.gpus ? `, ${type.gpus} GPU` : ""}`;
}

/** Labels that {@link NodePool} sets itself; another value would send pods to a pool they did not mean. */
function derivedLabelProblems(labels: Readonly<Record<string, string>>): Problem[] {
  return ["node-pool", "nvidia.com/gpu.present", "k8s.amazonaws.com/accelerator"]
    .filter((key) => Object.hasOwn(labels, key))
    .map((key) => ({
      path: [key],
      what: "is derived from the pool",
      got: show(labels[key]),
      allowed: "no value of your own",
      fix: "remove the label",
    }));
}

/** The EKS image needs 20 GiB, and gp3 volumes end at 16 TiB. */
function volumeProblems(sizeGiB: number): Problem[] {
  if (Number.isInteger(sizeGiB) && sizeGiB >= 20 && sizeGiB <= 16384) return [];
  const allowed = "a whole number of GiB from 20 to 16384";
  const fix = sizeGiB < 20 ? "use 20 or more" : "round it, or use 16384 or less";
  return [{ path: ["volumeSizeGiB"], what: "is not a size for a root volume", got: show(sizeGiB), allowed, fix }];
}
