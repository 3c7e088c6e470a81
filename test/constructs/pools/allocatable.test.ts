import { allocatable, commonAllocatable, kubeReserved } from "../../../constructs/pools/allocatable.ts";
import {
  figuresProblems,
  type InstanceType,
  instanceTypes,
  maxPods,
} from "../../../constructs/pools/instance-types.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";

const type = (name: string) => instanceTypes[name] as InstanceType;

describe("the kubelet's reservation", () => {
  // The published numbers: amazon-eks-ami nodeadm/internal/kubelet/config.go and eni-max-pods.txt.
  test.each([
    { name: "t3.large", pods: 35, reservedCpu: 70, allocatableCpu: 1930, reservedMemoryMiB: 640 },
    { name: "c5.2xlarge", pods: 58, reservedCpu: 90, allocatableCpu: 7910, reservedMemoryMiB: 893 },
    { name: "g4dn.xlarge", pods: 29, reservedCpu: 80, allocatableCpu: 3920, reservedMemoryMiB: 574 },
  ])("of $name is the published one", ({ name, pods, reservedCpu, allocatableCpu, reservedMemoryMiB }) => {
    expect(maxPods(type(name))).toBe(pods);
    expect(kubeReserved(type(name))).toEqual({ cpuMillis: reservedCpu, memoryMiB: reservedMemoryMiB });
    expect(allocatable(type(name), 50).cpuMillis).toBe(allocatableCpu);
  });
});

describe("allocatable", () => {
  test("of a c5.2xlarge leaves 13 GiB for one worker beside the DaemonSets", () => {
    const { memoryMiB } = allocatable(type("c5.2xlarge"), 50);
    // 16384 MiB less 7 %, less 893 reserved, less 100 at which pods are evicted.
    expect(memoryMiB).toBe(14244);
    expect(memoryMiB).toBeGreaterThan(13 * 1024);
  });

  test("storage is less than the volume by the file system, the eviction threshold and the kubelet's GiB", () => {
    // 20480 MiB less 1 %, less a tenth of the rest at which pods are evicted, less 1024.
    expect(allocatable(type("t3.large"), 20).ephemeralStorageMiB).toBe(17223);
  });

  test("of a mixed pool is what its least type offers", () => {
    const [few, many] = [type("m5.large"), type("t3.large")];
    expect(commonAllocatable([few, many], 50)).toMatchObject({
      memoryMiB: allocatable(many, 50).memoryMiB,
      pods: allocatable(few, 50).pods,
    });
  });

  test("counts GPUs", () => {
    expect(allocatable(type("g4dn.xlarge"), 100).gpus).toBe(1);
    expect(allocatable(type("c5.2xlarge"), 100).gpus).toBe(0);
  });
});

test("figures of an added type are checked, all at once", () => {
  const figures = { vCpus: 0, memoryGiB: 0, networkInterfaces: 1.5, addressesPerInterface: 10, gpus: -1 };
  const command = "aws ec2 describe-instance-types";
  expect(figuresProblems(figures).map(describeProblem)).toEqual([
    `vCpus must be a whole number from 1, got 0: copy it from ${command}`,
    `networkInterfaces must be a whole number from 1, got 1.5: copy it from ${command}`,
    `memoryGiB must be more than 0 GiB, got 0: convert the MiB of ${command}`,
    `gpus must be a whole number from 0, got -1: copy it from ${command}`,
  ]);
  const withGpu = { vCpus: 4, memoryGiB: 16, networkInterfaces: 4, addressesPerInterface: 15, gpus: 1 };
  expect(figuresProblems(withGpu).map(describeProblem)).toEqual([
    'accelerator must be the value of the label k8s.amazonaws.com/accelerator, got nothing: types with GPUs need it, so add for example accelerator: "nvidia-tesla-t4"',
  ]);
  expect(figuresProblems({ ...withGpu, accelerator: "nvidia-a10g" })).toEqual([]);
});

describe("the table of instance types", () => {
  test.each([
    ["t3.medium", 17],
    ["t3a.large", 35],
    ["m5.large", 29],
    ["c5.large", 29],
    ["c5.xlarge", 58],
    ["c7i.2xlarge", 58],
    ["c5.4xlarge", 234],
    ["g5.xlarge", 58],
    ["g6.2xlarge", 58],
    ["g4dn.2xlarge", 29],
  ])("gives %s the %i pods that eni-max-pods.txt gives it", (name, pods) => {
    expect(maxPods(type(name))).toBe(pods);
  });

  test("names the accelerator of every type with a GPU, and of no other", () => {
    for (const [name, figures] of Object.entries(instanceTypes)) {
      expect([name, figures.accelerator !== undefined]).toEqual([name, (figures.gpus ?? 0) > 0]);
    }
  });
});
