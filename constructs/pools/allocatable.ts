import { type InstanceType, maxPods, podAddresses } from "./instance-types.ts";

/** Resources of a node that Kubernetes can give to pods. */
export interface Allocatable {
  /** CPU in thousandths of a core. */
  readonly cpuMillis: number;
  /** Memory in MiB. */
  readonly memoryMiB: number;
  /** Storage of the root volume in MiB. */
  readonly ephemeralStorageMiB: number;
  /** Number of GPUs. */
  readonly gpus: number;
  /** Number of pods. */
  readonly pods: number;
}

/**
 * Share of the nominal memory that the hypervisor and the kernel keep, so that the node never reports it. EC2 does not
 * publish it; Karpenter assumes 7.5 % for the same reason. With too small a share, the autoscaler buys nodes in vain.
 * @see https://karpenter.sh/docs/reference/settings/ VM_MEMORY_OVERHEAD_PERCENT
 */
const memoryOverhead = 0.07;

/** Share of the volume that the file system and the boot partitions take before the kubelet sees it. */
const fileSystemOverhead = 0.01;

/** `evictionHard` of the EKS AMI: the kubelet evicts pods before a resource is exhausted. */
const evictionMemoryMiB = 100;
const evictionStorageShare = 0.1;

/**
 * Resources that the kubelet of the EKS AMI reserves for itself and the container runtime: 6 % of the first core, 1 % of the
 * second, 0.5 % of the third and fourth, and 0.25 % of each further one; 255 MiB, and 11 MiB for each pod with an address, even where
 * EKS allows fewer pods.
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/config.go
 */
export function kubeReserved(type: InstanceType): { cpuMillis: number; memoryMiB: number } {
  const share = (core: number) => (core === 0 ? 60 : core === 1 ? 10 : core < 4 ? 5 : 2.5);
  const cpuMillis = Array.from({ length: type.vCpus }, (_, core) => share(core)).reduce((sum, part) => sum + part, 0);
  return { cpuMillis: Math.ceil(cpuMillis), memoryMiB: 11 * podAddresses(type) + 255 };
}

/**
 * Resources that the scheduler hands out to pods and DaemonSets: capacity less the kubelet's reservation, less the eviction
 * threshold. For a group without nodes, the cluster autoscaler assumes the whole capacity ("TODO: use proper allocatable!!",
 * autoscaler#2809), and would buy node after node for a pod that fits none.
 */
export function allocatable(type: InstanceType, volumeSizeGiB: number): Allocatable {
  const reserved = kubeReserved(type);
  const storageMiB = volumeSizeGiB * 1024 * (1 - fileSystemOverhead);
  return {
    cpuMillis: type.vCpus * 1000 - reserved.cpuMillis,
    memoryMiB: Math.floor(type.memoryGiB * 1024 * (1 - memoryOverhead)) - reserved.memoryMiB - evictionMemoryMiB,
    // The AMI reserves 1 GiB of storage for the kubelet in addition to the eviction threshold.
    ephemeralStorageMiB: Math.floor(storageMiB * (1 - evictionStorageShare)) - 1024,
    gpus: type.gpus ?? 0,
    pods: maxPods(type),
  };
}

/** Resources that each of several node types has: a pod that fits them fits every type. */
export function leastOf(each: readonly Allocatable[]): Allocatable {
  const least = (figure: keyof Allocatable) => Math.min(...each.map((one) => one[figure]));
  return {
    cpuMillis: least("cpuMillis"),
    memoryMiB: least("memoryMiB"),
    ephemeralStorageMiB: least("ephemeralStorageMiB"),
    gpus: least("gpus"),
    pods: least("pods"),
  };
}

/** Resources that every instance type of a pool has. */
export function commonAllocatable(types: readonly InstanceType[], volumeSizeGiB: number): Allocatable {
  return leastOf(types.map((type) => allocatable(type, volumeSizeGiB)));
}
