import { allocatable, commonAllocatable, kubeReserved } from "../../../constructs/pools/allocatable.ts";
import { type InstanceType, instanceTypes, maxPods } from "../../../constructs/pools/instance-types.ts";

const type = (vCpus: number, memoryGiB: number) => ({
  vCpus,
  memoryGiB,
  networkInterfaces: 3,
  addressesPerInterface: 10,
});

// The published numbers: amazon-eks-ami nodeadm/internal/kubelet/config.go and eni-max-pods.txt.
test.each([
  { name: "t3.large", pods: 35, reservedCpu: 70, reservedMemoryMiB: 640, allocatableMemoryMiB: 6878 },
  { name: "c5.2xlarge", pods: 58, reservedCpu: 90, reservedMemoryMiB: 893, allocatableMemoryMiB: 14244 },
  { name: "g4dn.xlarge", pods: 29, reservedCpu: 80, reservedMemoryMiB: 574, allocatableMemoryMiB: 14563 },
])("the kubelet's reservation on a $name is the published one", (published) => {
  const figures = instanceTypes[published.name] as InstanceType;
  expect(maxPods(figures)).toBe(published.pods);
  expect(kubeReserved(figures)).toEqual({ cpuMillis: published.reservedCpu, memoryMiB: published.reservedMemoryMiB });
  // The nominal memory less 7 %, less the reservation, less 100 MiB at which the kubelet evicts pods.
  expect(allocatable(figures, 50).memoryMiB).toBe(published.allocatableMemoryMiB);
});

test("the kubelet's memory is reserved for all addresses, even where EKS allows fewer pods", () => {
  const figures = instanceTypes["c5.4xlarge"] as InstanceType;
  expect(maxPods(figures)).toBe(110);
  expect(kubeReserved(figures).memoryMiB).toBe(11 * 234 + 255);
});

test.each([
  [1, 60],
  [2, 70],
  [3, 75],
  [4, 80],
  [5, 83],
  [8, 90],
  [16, 110],
  [96, 310],
])("the kubelet keeps of %i cores what the EKS AMI publishes: %im", (vCpus, cpuMillis) => {
  expect(kubeReserved(type(vCpus, 8)).cpuMillis).toBe(cpuMillis);
});

test("allocatable resources are all five figures, without GPUs unless there are", () => {
  // 8192 MiB less 7 %, less 11 MiB for each of 29 pods and 255 MiB, less 100 MiB.
  const figures = { cpuMillis: 1930, memoryMiB: 6944, ephemeralStorageMiB: 44595, gpus: 0, pods: 29 };
  expect(allocatable(type(2, 8), 50)).toEqual(figures);
  expect(allocatable({ ...type(2, 8), gpus: 4, accelerator: "nvidia-l4" }, 50)).toEqual({ ...figures, gpus: 4 });
});

test("storage is less than the volume by the file system, the eviction threshold and the kubelet's GiB", () => {
  // 20480 MiB less 1 %, less a tenth of the rest at which pods are evicted, less 1024.
  expect(allocatable(type(2, 8), 20).ephemeralStorageMiB).toBe(17223);
});

test("types of one pool have in common the least of each figure, whichever type has it", () => {
  const small = { ...type(2, 32), gpus: 4, networkInterfaces: 8 };
  const large = { ...type(8, 8), gpus: 1 };
  expect(commonAllocatable([small, large], 20)).toEqual({
    cpuMillis: 1930,
    memoryMiB: 6944,
    ephemeralStorageMiB: 17223,
    gpus: 1,
    pods: 29,
  });
});
