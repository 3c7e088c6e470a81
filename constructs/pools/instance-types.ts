import { oneOf, type Problem, show } from "../support/problems.ts";

/** What must be known of an EC2 instance type so that a pool of it can grow from zero nodes. */
export interface InstanceType {
  readonly vCpus: number;
  /** Nominal memory; the node reports about 7 % less (`allocatable.ts`). */
  readonly memoryGiB: number;
  /** `NetworkInfo.MaximumNetworkInterfaces` of `aws ec2 describe-instance-types`. */
  readonly networkInterfaces: number;
  /** `NetworkInfo.Ipv4AddressesPerInterface` of `aws ec2 describe-instance-types`. */
  readonly addressesPerInterface: number;
  /** @default 0 */
  readonly gpus?: number | undefined;
  /**
   * Value of the label `k8s.amazonaws.com/accelerator`: the autoscaler then waits for a GPU node whose driver is still
   * loading, and does not buy another one.
   * @default - required where there are GPUs
   * @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/cloudprovider/aws/README.md
   */
  readonly accelerator?: string | undefined;
}

const t4 = { gpus: 1, accelerator: "nvidia-tesla-t4" };
const a10g = { gpus: 1, accelerator: "nvidia-a10g" };
const l4 = { gpus: 1, accelerator: "nvidia-l4" };

const large = { networkInterfaces: 3, addressesPerInterface: 10 };
const xlarge = { networkInterfaces: 4, addressesPerInterface: 15 };
const fourXlarge = { networkInterfaces: 8, addressesPerInterface: 30 };

/**
 * The types of the platform's own pools and their near relatives, all x86_64. Another type is one more entry in the
 * environment's `instanceTypes`, not a change here.
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
 * Pods a node can hold: the VPC CNI gives each an address of its own, the first of each interface is the node's, and
 * two pods (the CNI and kube-proxy) use the node's.
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/eni-max-pods.txt
 */
export function maxPods({ networkInterfaces, addressesPerInterface }: InstanceType): number {
  return networkInterfaces * (addressesPerInterface - 1) + 2;
}

/** Types that carry a GPU, for error texts. */
export function gpuInstanceTypes(known: Readonly<Record<string, InstanceType>>): string[] {
  return Object.keys(known).filter((name) => (known[name]?.gpus ?? 0) > 0);
}

/** What is wrong with the names of a pool's instance types; `path` starts with the index. */
export function instanceTypeProblems(
  names: readonly string[],
  known: Readonly<Record<string, InstanceType>>,
): Problem[] {
  return names.flatMap((name, index) =>
    Object.hasOwn(known, name)
      ? []
      : [
          {
            path: [index],
            what: "is a type whose figures are not known here",
            got: show(name),
            allowed: oneOf(Object.keys(known)),
            fix: `add its figures as instanceTypes[${show(name)}] (aws ec2 describe-instance-types --instance-types ${name})`,
          },
        ],
  );
}

/** What is wrong with the figures a user gives for a type; `path` starts with the figure. */
export function figuresProblems(figures: InstanceType): Problem[] {
  const { vCpus, memoryGiB, networkInterfaces, addressesPerInterface, gpus = 0, accelerator } = figures;
  const counts = { vCpus, networkInterfaces, addressesPerInterface };
  const problems: Problem[] = Object.entries(counts)
    .filter(([, count]) => !Number.isInteger(count) || count < 1)
    .map(([figure, count]) => ({
      path: [figure],
      what: "is not a count",
      got: show(count),
      allowed: "a whole number from 1",
      fix: "aws ec2 describe-instance-types prints it",
    }));
  if (!(memoryGiB > 0)) {
    const fix = "aws ec2 describe-instance-types prints it in MiB";
    problems.push({
      path: ["memoryGiB"],
      what: "is not a size",
      got: show(memoryGiB),
      allowed: "more than 0 GiB",
      fix,
    });
  }
  if (gpus > 0 && accelerator === undefined) {
    const what = "is missing beside GPUs";
    const fix = 'add for example accelerator: "nvidia-tesla-t4"';
    const allowed = "the value of the label k8s.amazonaws.com/accelerator";
    problems.push({ path: ["accelerator"], what, got: "nothing", allowed, fix });
  }
  return problems;
}
