import { z } from "zod";
import { number, type ShapeOf, text, word } from "../support/fields.ts";
import { labelValueProblems } from "../support/kubernetes-syntax.ts";
import { type Problem, show, within } from "../support/problems.ts";
import { largestFigureProblems } from "./figure-limits.ts";
import described from "./instance-types.json";

/** Processor architectures, by their names in EC2. */
export const architectures = ["x86_64", "arm64"] as const;
/** A processor architecture, by its name in EC2. Graviton is `arm64`. */
export type Architecture = (typeof architectures)[number];

/**
 * Figures of an EC2 instance type. The autoscaler needs them to start the first node of a pool.
 * `aws ec2 describe-instance-types --instance-types <type>` prints them.
 */
export interface InstanceType {
  /** Virtual CPUs: a whole number from 1, for example 8. `VCpuInfo.DefaultVCpus` in AWS's words. */
  readonly vCpus: number;
  /** Nominal memory in GiB, more than 0, for example 16. A node reports about 7 % less (`allocatable.ts`). */
  readonly memoryGiB: number;
  /**
   * Network interfaces of the default network card: a whole number from 1, for example 4.
   * `NetworkInfo.NetworkCards[].MaximumNetworkInterfaces` in AWS's words.
   */
  readonly networkInterfaces: number;
  /**
   * IPv4 addresses of each network interface: a whole number from 1, for example 15.
   * `NetworkInfo.Ipv4AddressesPerInterface` in AWS's words.
   */
  readonly addressesPerInterface: number;
  /**
   * Architecture of the processor. `ProcessorInfo.SupportedArchitectures` in AWS's words.
   * @default - by the name: the families of Graviton have a `g` after their number, such as `c7g` and `m8gd`, and are `arm64`
   * @see https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
   */
  readonly architecture?: Architecture | undefined;
  /**
   * vCPUs that share one core, for example 2. Predictions of time and cost count cores; nothing of a deployment depends on it.
   * `VCpuInfo.DefaultThreadsPerCore` in AWS's words.
   * @default - by the architecture: 1 for arm64, 2 for x86_64
   */
  readonly threadsPerCore?: number | undefined;
  /**
   * GPUs: a whole number from 0, for example 1.
   * @default 0
   */
  readonly gpus?: number | undefined;
  /**
   * Value of the label `k8s.amazonaws.com/accelerator`, for example `nvidia-tesla-t4`. With it the autoscaler waits for a GPU
   * node whose driver is still loading, and does not buy another one.
   * @default - none; required where there are GPUs
   * @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/cloudprovider/aws/README.md
   */
  readonly accelerator?: string | undefined;
}

const fromOne = "a whole number from 1";
const fromZeroGpus = "a whole number from 0";
const someMemory = "more than 0 GiB";
const acceleratorValue = "the value of the label k8s.amazonaws.com/accelerator";

/** Schema of the figures of an {@link InstanceType}. */
export const instanceTypeSchema = z.strictObject({
  vCpus: number({ allowed: fromOne, example: 8 }),
  memoryGiB: number({ allowed: someMemory, example: 16 }),
  networkInterfaces: number({ allowed: fromOne, example: 4 }),
  addressesPerInterface: number({ allowed: fromOne, example: 15 }),
  architecture: word(architectures, { example: "arm64" }).optional(),
  threadsPerCore: number({ allowed: fromOne, example: 2 }).optional(),
  gpus: number({ allowed: fromZeroGpus, example: 1, default: 0 }).optional(),
  accelerator: text({ allowed: acceleratorValue, example: "nvidia-tesla-t4" }).optional(),
} satisfies ShapeOf<InstanceType>);

/**
 * All types that nodes of this platform can have, from AWS's own description of them. `npm run instance-types` renews the file. It
 * leaves out bare metal, which boots longer than the autoscaler waits, types older than the Nitro system, `a1`, machines with less
 * than 2 GiB, and accelerators other than whole GPUs of NVIDIA. An environment adds any type in its `instanceTypes`.
 */
export const instanceTypes = described as Readonly<Record<string, InstanceType>>;

const merged = new WeakMap<object, Readonly<Record<string, InstanceType>>>();

/**
 * The table with an environment's own types, made once: a copy of a thousand entries for each pool would be most of a synthesis's
 * checks.
 */
export function instanceTypesWith(additional: Readonly<Record<string, InstanceType>> = {}): typeof instanceTypes {
  if (Object.keys(additional).length === 0) return instanceTypes;
  const known = merged.get(additional) ?? { ...instanceTypes, ...additional };
  merged.set(additional, known);
  return known;
}

/** The architecture of a type: as given, or else by its name. */
export function architectureOf(name: string, type: InstanceType): Architecture {
  return type.architecture ?? (/^[a-z]+\d+[a-z]*g/.test(name) ? "arm64" : "x86_64");
}

/** The cores of a type, each of which one or two vCPUs share. */
export function coresOf(name: string, type: InstanceType): number {
  return type.vCpus / (type.threadsPerCore ?? threadsPerCore[architectureOf(name, type)]);
}

/** vCPUs that share a core on most types. AMD's newer ones differ. */
export const threadsPerCore = { x86_64: 2, arm64: 1 } as const satisfies Record<Architecture, number>;

/**
 * Pods for which a node has addresses. The VPC CNI gives each pod an address of its own. The first address of each interface belongs
 * to the node, and two pods (the CNI and kube-proxy) share it.
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/eni_max_pods.go
 */
export function podAddresses({ networkInterfaces, addressesPerInterface }: InstanceType): number {
  return networkInterfaces * (addressesPerInterface - 1) + 2;
}

/**
 * Pods that a node of a managed node group can hold. EKS allows 110 on a node with less than 30 vCPUs and 250 on any other, however
 * many addresses it has.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/cni-increase-ip-addresses-procedure.html
 */
export function maxPods(type: InstanceType): number {
  return Math.min(podAddresses(type), type.vCpus < 30 ? 110 : 250);
}

/** Finds names of instance types without figures; `path` starts with the index. */
export function instanceTypeProblems(
  names: readonly string[],
  known: Readonly<Record<string, InstanceType>>,
): Problem[] {
  return names.flatMap((name, index): Problem[] => {
    if (Object.hasOwn(known, name)) return [];
    const family = `${name.split(".")[0]?.toLowerCase()}.`;
    const relatives = Object.keys(known).filter((other) => other.startsWith(family));
    const advice = relatives.length > 0 ? `use one of ${relatives.join(", ")}` : "check the name";
    const command = `aws ec2 describe-instance-types --instance-types ${name}`;
    const fix = `${advice}, or add the figures of the type as instanceTypes[${show(name)}] (${command})`;
    return [{ path: [index], allowed: "an EC2 instance type with known figures", got: show(name), fix }];
  });
}

/** Checks the figures of an added type; `path` starts with the figure. */
export function figuresProblems(figures: InstanceType): Problem[] {
  const { vCpus, memoryGiB, networkInterfaces, addressesPerInterface, gpus = 0, accelerator } = figures;
  const { threadsPerCore = 1 } = figures;
  const problems: Problem[] = Object.entries({ vCpus, networkInterfaces, addressesPerInterface, threadsPerCore })
    .filter(([, count]) => !Number.isInteger(count) || count < 1)
    .map(([figure, count]) => ({ path: [figure], allowed: fromOne, got: show(count), fix: `copy it from ${source}` }));
  if (!(memoryGiB > 0)) {
    const fix = `convert the MiB of ${source}`;
    problems.push({ path: ["memoryGiB"], allowed: someMemory, got: show(memoryGiB), fix });
  }
  if (!Number.isInteger(gpus) || gpus < 0) {
    problems.push({ path: ["gpus"], allowed: fromZeroGpus, got: show(gpus), fix: `copy it from ${source}` });
  }
  if (gpus > 0 && accelerator === undefined) {
    const fix = 'types with GPUs need it, so add for example accelerator: "nvidia-tesla-t4"';
    problems.push({ path: ["accelerator"], allowed: acceleratorValue, got: show(accelerator), fix });
  }
  if (accelerator !== undefined) problems.push(...within(["accelerator"], labelValueProblems(accelerator)));
  return [...problems, ...largestFigureProblems(figures)];
}

/** Finds figures of a type that are not those of the table, from which a pool's room would be wrong; `path` starts with the figure. */
export function contradictionProblems(name: string, figures: InstanceType): Problem[] {
  const own = Object.hasOwn(instanceTypes, name) ? instanceTypes[name] : undefined;
  if (own === undefined) return [];
  const comparable = (type: InstanceType) => ({
    vCpus: type.vCpus,
    memoryGiB: type.memoryGiB,
    networkInterfaces: type.networkInterfaces,
    addressesPerInterface: type.addressesPerInterface,
    architecture: architectureOf(name, type),
    gpus: type.gpus ?? 0,
  });
  const written = comparable(figures);
  return Object.entries(comparable(own)).flatMap(([figure, right]): Problem[] => {
    const got = written[figure as keyof typeof written];
    const fix = `remove ${name}, which constructs/pools/instance-types.json has already`;
    if (got === right) return [];
    return [{ path: [figure], allowed: `${right}, as AWS describes ${name}`, got: show(got), fix }];
  });
}

/** The source of all figures, for error texts. */
const source = "aws ec2 describe-instance-types";
