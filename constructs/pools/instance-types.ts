import { z } from "zod";
import { number, type ShapeOf, text } from "../support/fields.ts";
import { labelValueProblems } from "../support/kubernetes-syntax.ts";
import { oneOf, type Problem, show, within } from "../support/problems.ts";
import { largestFigureProblems } from "./figure-limits.ts";

/**
 * Figures of an EC2 instance type. The autoscaler needs them to start the first node of a pool.
 * `aws ec2 describe-instance-types --instance-types <type>` prints them.
 */
export interface InstanceType {
  /** Virtual CPUs: a whole number from 1, for example 8. `VCpuInfo.DefaultVCpus` in AWS's words. */
  readonly vCpus: number;
  /** Nominal memory in GiB, more than 0, for example 16. A node reports about 7 % less (`allocatable.ts`). */
  readonly memoryGiB: number;
  /** Network interfaces: a whole number from 1, for example 4. `NetworkInfo.MaximumNetworkInterfaces` in AWS's words. */
  readonly networkInterfaces: number;
  /**
   * IPv4 addresses of each network interface: a whole number from 1, for example 15.
   * `NetworkInfo.Ipv4AddressesPerInterface` in AWS's words.
   */
  readonly addressesPerInterface: number;
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
  gpus: number({ allowed: fromZeroGpus, example: 1, default: 0 }).optional(),
  accelerator: text({ allowed: acceleratorValue, example: "nvidia-tesla-t4" }).optional(),
} satisfies ShapeOf<InstanceType>);

const t4 = { gpus: 1, accelerator: "nvidia-tesla-t4" };
const a10g = { gpus: 1, accelerator: "nvidia-a10g" };
const l4 = { gpus: 1, accelerator: "nvidia-l4" };

const large = { networkInterfaces: 3, addressesPerInterface: 10 };
const xlarge = { networkInterfaces: 4, addressesPerInterface: 15 };
const fourXlarge = { networkInterfaces: 8, addressesPerInterface: 30 };

/**
 * Types of the platform's own pools and similar ones, all x86_64. An environment adds other types in its `instanceTypes`; this
 * table need not change.
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/eni-max-pods.txt
 */
export const instanceTypes: Readonly<Record<string, InstanceType>> = {
  "t3.medium": { vCpus: 2, memoryGiB: 4, networkInterfaces: 3, addressesPerInterface: 6 },
  "t3.large": { vCpus: 2, memoryGiB: 8, networkInterfaces: 3, addressesPerInterface: 12 },
  "t3a.large": { vCpus: 2, memoryGiB: 8, networkInterfaces: 3, addressesPerInterface: 12 },
  "t3.xlarge": { vCpus: 4, memoryGiB: 16, ...xlarge },
  "m5.large": { vCpus: 2, memoryGiB: 8, ...large },
  "m5a.large": { vCpus: 2, memoryGiB: 8, ...large },
  "m6i.large": { vCpus: 2, memoryGiB: 8, ...large },
  "m5.xlarge": { vCpus: 4, memoryGiB: 16, ...xlarge },
  "m5.2xlarge": { vCpus: 8, memoryGiB: 32, ...xlarge },
  "c5.large": { vCpus: 2, memoryGiB: 4, ...large },
  "c5.xlarge": { vCpus: 4, memoryGiB: 8, ...xlarge },
  "c5a.xlarge": { vCpus: 4, memoryGiB: 8, ...xlarge },
  "c5.2xlarge": { vCpus: 8, memoryGiB: 16, ...xlarge },
  "c5a.2xlarge": { vCpus: 8, memoryGiB: 16, ...xlarge },
  "c5d.2xlarge": { vCpus: 8, memoryGiB: 16, ...xlarge },
  "c6a.2xlarge": { vCpus: 8, memoryGiB: 16, ...xlarge },
  "c6i.2xlarge": { vCpus: 8, memoryGiB: 16, ...xlarge },
  "c7i.2xlarge": { vCpus: 8, memoryGiB: 16, ...xlarge },
  "c5.4xlarge": { vCpus: 16, memoryGiB: 32, ...fourXlarge },
  "c5a.4xlarge": { vCpus: 16, memoryGiB: 32, ...fourXlarge },
  "c5d.4xlarge": { vCpus: 16, memoryGiB: 32, ...fourXlarge },
  "c6a.4xlarge": { vCpus: 16, memoryGiB: 32, ...fourXlarge },
  "c6i.4xlarge": { vCpus: 16, memoryGiB: 32, ...fourXlarge },
  "c7i.4xlarge": { vCpus: 16, memoryGiB: 32, ...fourXlarge },
  "g4dn.xlarge": { vCpus: 4, memoryGiB: 16, ...large, ...t4 },
  "g4dn.2xlarge": { vCpus: 8, memoryGiB: 32, ...large, ...t4 },
  "g5.xlarge": { vCpus: 4, memoryGiB: 16, ...xlarge, ...a10g },
  "g5.2xlarge": { vCpus: 8, memoryGiB: 32, ...xlarge, ...a10g },
  "g6.xlarge": { vCpus: 4, memoryGiB: 16, ...xlarge, ...l4 },
  "g6.2xlarge": { vCpus: 8, memoryGiB: 32, ...xlarge, ...l4 },
};

/**
 * Pods that a node can hold. The VPC CNI gives each pod an address of its own. The first address of each interface belongs to
 * the node, and two pods (the CNI and kube-proxy) share it.
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/eni-max-pods.txt
 */
export function maxPods({ networkInterfaces, addressesPerInterface }: InstanceType): number {
  return networkInterfaces * (addressesPerInterface - 1) + 2;
}

/** Names of the types with a GPU, for error texts. */
export function gpuInstanceTypes(known: Readonly<Record<string, InstanceType>>): string[] {
  return Object.keys(known).filter((name) => (known[name]?.gpus ?? 0) > 0);
}

/** Finds names of instance types without figures; `path` starts with the index. */
export function instanceTypeProblems(
  names: readonly string[],
  known: Readonly<Record<string, InstanceType>>,
): Problem[] {
  return names.flatMap((name, index): Problem[] => {
    if (Object.hasOwn(known, name)) return [];
    const command = `aws ec2 describe-instance-types --instance-types ${name}`;
    const fix = `use one of these, or add the figures of the type as instanceTypes[${show(name)}] (${command})`;
    return [{ path: [index], allowed: oneOf(Object.keys(known)), got: show(name), fix }];
  });
}

/** Checks the figures of an added type; `path` starts with the figure. */
export function figuresProblems(figures: InstanceType): Problem[] {
  const { vCpus, memoryGiB, networkInterfaces, addressesPerInterface, gpus = 0, accelerator } = figures;
  const problems: Problem[] = Object.entries({ vCpus, networkInterfaces, addressesPerInterface })
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

/** The source of all figures, for error texts. */
const source = "aws ec2 describe-instance-types";
