import {
  dnsLabelProblems,
  labelProblems,
  type Taint,
  type TaintEffect,
  type Toleration,
  taintProblems,
} from "../support/kubernetes-syntax.ts";
import { duplicatesIn, type Problem, show, throwIfAny, within } from "../support/problems.ts";
import { type Allocatable, commonAllocatable } from "./allocatable.ts";
import { type Capacity, capacityProblems } from "./capacity.ts";
import {
  type Architecture,
  architectureOf,
  figuresProblems,
  type InstanceType,
  instanceTypeProblems,
  instanceTypesWith,
} from "./instance-types.ts";
import { type CapacityType, type NodePoolProps, nodePoolDefaults, volumeSizes } from "./node-pool-options.ts";
import { poolKind, poolKindLabel } from "./pool-kind.ts";
import { groupTagProblems, listProblems } from "./pool-limits.ts";

/** EKS's spelling of the effects. @see https://docs.aws.amazon.com/eks/latest/APIReference/API_Taint.html */
const eksEffects = {
  NoSchedule: "NO_SCHEDULE",
  PreferNoSchedule: "PREFER_NO_SCHEDULE",
  NoExecute: "NO_EXECUTE",
} as const satisfies Record<TaintEffect, string>;

/**
 * EKS's image of Amazon Linux 2023 for each kind of machine. NVIDIA's variants have the driver, but not the device plugin
 * (amazon-eks-ami#2342).
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html
 */
const amiTypes = {
  x86_64: { standard: "AL2023_x86_64_STANDARD", gpu: "AL2023_x86_64_NVIDIA" },
  arm64: { standard: "AL2023_ARM_64_STANDARD", gpu: "AL2023_ARM_64_NVIDIA" },
} as const satisfies Record<Architecture, Record<"standard" | "gpu", string>>;
/** Name of an image in the EKS API. */
type AmiType = { [A in Architecture]: (typeof amiTypes)[A][keyof (typeof amiTypes)[A]] }[Architecture];

const templateTag = "k8s.io/cluster-autoscaler/node-template";

/**
 * A kind of machine. The node group, its tags for the autoscaler, and the tolerations and node selectors of pods are all derived
 * from this one object, so that they cannot contradict each other.
 */
export class NodePool {
  /** Name of the pool, for example `executor`. */
  readonly name: string;
  /** EC2 instance types, at least one, all with the same vCPUs, memory, GPUs and architecture. */
  readonly instanceTypes: readonly string[];
  /** Architecture of the nodes' processors, which the instance types decide. */
  readonly architecture: Architecture;
  /** Number of nodes. */
  readonly capacity: Capacity;
  /** Purchase option of the nodes. */
  readonly capacityType: CapacityType;
  /** Whether the nodes offer `nvidia.com/gpu` to pods. */
  readonly gpu: boolean;
  /** Size of each node's root volume in GiB. */
  readonly volumeSizeGiB: number;
  /** Taints of every node, in Kubernetes' spelling. */
  readonly taints: readonly Taint[];
  /** All labels of a node, including the derived ones. */
  readonly labels: Readonly<Record<string, string>>;
  /** Resources of one node for pods and DaemonSets: the least of all instance types. */
  readonly allocatable: Allocatable;
  /** Zones in which nodes may start; `undefined` allows the zones of the cluster. */
  readonly availabilityZones: readonly string[] | undefined;

  /** @throws InvalidConfigurationError that names every problem that {@link nodePoolProblems} finds. */
  constructor(props: NodePoolProps) {
    throwIfAny(`node pool ${show(props.name)}`, nodePoolProblems(props));
    const known = instanceTypesWith(props.additionalInstanceTypes);
    const types = props.instanceTypes.flatMap((name) => known[name] ?? []);
    this.name = props.name;
    this.instanceTypes = props.instanceTypes;
    // They all have the same.
    this.architecture = props.instanceTypes.map((name) => architectureIn(known, name))[0] ?? "x86_64";
    this.capacity = props.capacity;
    this.capacityType = props.capacityType ?? nodePoolDefaults.capacityType;
    this.gpu = props.gpu ?? nodePoolDefaults.gpu;
    this.volumeSizeGiB = props.volumeSizeGiB ?? nodePoolDefaults.volumeSizeGiB;
    this.taints = props.taints ?? nodePoolDefaults.taints;
    this.availabilityZones = props.availabilityZones;
    this.allocatable = commonAllocatable(types, this.volumeSizeGiB);
    this.labels = {
      ...props.labels,
      "node-pool": props.name,
      [poolKindLabel]: poolKind(props),
      // Without node-feature-discovery no other label matches the affinity of the NVIDIA device plugin. Its DaemonSet would have
      // no pod, and the node would never advertise its GPUs (k8s-device-plugin#315, #1213).
      ...(this.gpu && { "nvidia.com/gpu.present": "true" }),
      ...(this.gpu && types[0]?.accelerator && { "k8s.amazonaws.com/accelerator": types[0].accelerator }),
    };
    throwIfAny(`node pool ${show(props.name)}`, groupTagProblems(this.autoscalerTags));
  }

  /** A node selector that matches this pool and no other. */
  get nodeSelector(): Readonly<Record<string, string>> {
    return { "node-pool": this.name };
  }

  /** Tolerations that a pod needs to run here. */
  get tolerations(): Toleration[] {
    return this.taints.map(({ key, value, effect }) => ({ key, operator: "Equal", value: value ?? "", effect }));
  }

  /** The taints in the spelling of the EKS API. */
  get eksTaints(): { key: string; value: string; effect: (typeof eksEffects)[TaintEffect] }[] {
    return this.taints.map(({ key, value, effect }) => ({ key, value: value ?? "", effect: eksEffects[effect] }));
  }

  /** The EKS-optimized image that the nodes boot. */
  get amiType(): AmiType {
    return amiTypes[this.architecture][this.gpu ? "gpu" : "standard"];
  }

  /**
   * Tags that describe a node to the cluster autoscaler before there is one. The autoscaler reads them literally: it silently
   * ignores a taint written as plain `NoSchedule`, never grows a group without `ephemeral-storage` for a pod that requests it
   * (autoscaler#1869), and without real `cpu` and `memory` grows groups for pods that then do not fit (autoscaler#2809). Without `pods`
   * it assumes 110 on a node of any type, buys too few nodes for many small pods, and the rest a round later.
   * @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/cloudprovider/aws/README.md#auto-discovery-setup
   */
  get autoscalerTags(): Readonly<Record<string, string>> {
    const { cpuMillis, memoryMiB, ephemeralStorageMiB, gpus, pods } = this.allocatable;
    const tags: Record<string, string> = {};
    for (const [key, value] of Object.entries(this.labels)) tags[`${templateTag}/label/${key}`] = value;
    for (const { key, value, effect } of this.taints) tags[`${templateTag}/taint/${key}`] = `${value ?? ""}:${effect}`;
    tags[`${templateTag}/resources/cpu`] = `${cpuMillis}m`;
    tags[`${templateTag}/resources/memory`] = `${memoryMiB}Mi`;
    tags[`${templateTag}/resources/ephemeral-storage`] = `${ephemeralStorageMiB}Mi`;
    tags[`${templateTag}/resources/pods`] = String(pods);
    if (this.gpu) tags[`${templateTag}/resources/nvidia.com/gpu`] = String(gpus);
    return tags;
  }
}

/** Checks a pool and finds all of its problems; `path` starts with the property. */
export function nodePoolProblems(props: NodePoolProps): Problem[] {
  const known = instanceTypesWith(props.additionalInstanceTypes);
  const { labels = nodePoolDefaults.labels, taints = nodePoolDefaults.taints } = props;
  const { volumeSizeGiB = nodePoolDefaults.volumeSizeGiB } = props;
  return [
    // EKS allows 63 characters in a group's name, and Terraform appends 26 to a prefix.
    ...within(["name"], dnsLabelProblems(props.name, 30)),
    ...within(["capacity"], capacityProblems(props.capacity)),
    ...within(["instanceTypes"], typesProblems(props, known)),
    ...within(["additionalInstanceTypes"], addedTypesProblems(props)),
    ...within(["labels"], [...labelProblems(labels), ...derivedLabelProblems(labels)]),
    ...within(["taints"], taintProblems(taints)),
    ...within(["volumeSizeGiB"], volumeProblems(volumeSizeGiB)),
    ...listProblems(props),
  ];
}

function typesProblems(props: NodePoolProps, known: Readonly<Record<string, InstanceType>>): Problem[] {
  const names = props.instanceTypes;
  const unknown = instanceTypeProblems(names, known);
  if (unknown.length > 0) return unknown;
  const problem = (allowed: string, fix: string, got = show(names)): Problem => ({ path: [], allowed, got, fix });
  if (names.length === 0) return [problem("at least one type", 'add for example "c5.2xlarge"')];
  const problems: Problem[] = [];
  const repeated = duplicatesIn(names);
  if (repeated.length > 0) {
    problems.push(problem("a list without duplicates", `remove the second ${repeated.join(" and the second ")}`));
  }
  const sizes = names.map((name) => sizeOf(known[name]));
  if (new Set(sizes).size > 1) {
    const got = names.map((name, index) => `${name} (${sizes[index]})`).join(", ");
    const fix = `the autoscaler simulates the first type only, so keep those with ${sizes[0]}, or make a pool for each size`;
    problems.push(problem("types with the same vCPUs, memory and GPUs", fix, got));
  }
  const architectures = names.map((name) => architectureIn(known, name));
  if (new Set(architectures).size > 1) {
    const got = names.map((name, index) => `${name} (${architectures[index]})`).join(", ");
    const fix = "all nodes of a group boot the same image, so make a pool for each architecture";
    problems.push(problem("types of one architecture", fix, got));
  }
  const gpus = names.filter((name) => (known[name]?.gpus ?? 0) > 0);
  if (props.gpu && gpus.length < names.length) {
    const fix = "use for example g4dn.xlarge, g5.xlarge or g6.xlarge, or remove gpu";
    problems.push(problem("types with a GPU in a pool with gpu: true", fix));
  }
  if (!props.gpu && gpus.length > 0) {
    const fix = "no pod could request the GPU, so add gpu: true or choose a type without GPU";
    problems.push(problem("types without GPU in a pool without gpu: true", fix));
  }
  return problems;
}

/** Checks the figures of the added types that the pool uses; `path` starts with the type. */
function addedTypesProblems({ instanceTypes: names, additionalInstanceTypes = {} }: NodePoolProps): Problem[] {
  return [...new Set(names)].flatMap((name) => {
    const figures = Object.hasOwn(additionalInstanceTypes, name) ? additionalInstanceTypes[name] : undefined;
    return figures === undefined ? [] : within([name], figuresProblems(figures));
  });
}

function architectureIn(known: Readonly<Record<string, InstanceType>>, name: string): Architecture | undefined {
  const type = known[name];
  return type && architectureOf(name, type);
}

function sizeOf(type: InstanceType | undefined): string {
  if (type === undefined) return "unknown";
  return `${type.vCpus} vCPU, ${type.memoryGiB} GiB${type.gpus ? `, ${type.gpus} GPU` : ""}`;
}

/** Finds labels that {@link NodePool} sets itself: with another value, pods would go to the wrong pool. */
function derivedLabelProblems(labels: Readonly<Record<string, string>>): Problem[] {
  return ["node-pool", poolKindLabel, "nvidia.com/gpu.present", "k8s.amazonaws.com/accelerator"]
    .filter((key) => Object.hasOwn(labels, key))
    .map((key) => ({
      path: [key],
      allowed: "left to the pool, which derives it",
      got: show(labels[key]),
      fix: "remove the label",
    }));
}

function volumeProblems(sizeGiB: number): Problem[] {
  const { leastGiB, mostGiB, allowed } = volumeSizes;
  if (Number.isInteger(sizeGiB) && sizeGiB >= leastGiB && sizeGiB <= mostGiB) return [];
  const fix = sizeGiB < leastGiB ? `use ${leastGiB} or more` : `round it, or use ${mostGiB} or less`;
  return [{ path: [], allowed, got: show(sizeGiB), fix }];
}
