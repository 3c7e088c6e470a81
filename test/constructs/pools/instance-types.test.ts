import {
  figuresProblems,
  gpuInstanceTypes,
  instanceTypeProblems,
  instanceTypes,
  maxPods,
} from "../../../constructs/pools/instance-types.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";

/**
 * AWS's published figures: vCPUs, memory in GiB and GPUs by https://aws.amazon.com/ec2/instance-types, pods by
 * eni-max-pods.txt of amazon-eks-ami, the accelerator by the cluster autoscaler's documentation of its label.
 */
const published: [name: string, vCpus: number, memoryGiB: number, pods: number, accelerator?: string][] = [
  ["t3.medium", 2, 4, 17],
  ["t3.large", 2, 8, 35],
  ["t3a.large", 2, 8, 35],
  ["t3.xlarge", 4, 16, 58],
  ["m5.large", 2, 8, 29],
  ["m5a.large", 2, 8, 29],
  ["m6i.large", 2, 8, 29],
  ["m5.xlarge", 4, 16, 58],
  ["m5.2xlarge", 8, 32, 58],
  ["c5.large", 2, 4, 29],
  ["c5.xlarge", 4, 8, 58],
  ["c5a.xlarge", 4, 8, 58],
  ["c5.2xlarge", 8, 16, 58],
  ["c5a.2xlarge", 8, 16, 58],
  ["c5d.2xlarge", 8, 16, 58],
  ["c6a.2xlarge", 8, 16, 58],
  ["c6i.2xlarge", 8, 16, 58],
  ["c7i.2xlarge", 8, 16, 58],
  ["c5.4xlarge", 16, 32, 234],
  ["c5a.4xlarge", 16, 32, 234],
  ["c5d.4xlarge", 16, 32, 234],
  ["c6a.4xlarge", 16, 32, 234],
  ["c6i.4xlarge", 16, 32, 234],
  ["c7i.4xlarge", 16, 32, 234],
  ["g4dn.xlarge", 4, 16, 29, "nvidia-tesla-t4"],
  ["g4dn.2xlarge", 8, 32, 29, "nvidia-tesla-t4"],
  ["g5.xlarge", 4, 16, 58, "nvidia-a10g"],
  ["g5.2xlarge", 8, 32, 58, "nvidia-a10g"],
  ["g6.xlarge", 4, 16, 58, "nvidia-l4"],
  ["g6.2xlarge", 8, 32, 58, "nvidia-l4"],
];

describe("the table of instance types", () => {
  test.each(published)(
    "gives %s the %i vCPUs, %i GiB and %i pods that AWS publishes",
    (...[name, vCpus, memoryGiB, pods, accelerator]) => {
      const type = instanceTypes[name];
      expect(type).toMatchObject({ vCpus, memoryGiB });
      expect(type && maxPods(type)).toBe(pods);
      // Each of the GPU types in the table has one GPU.
      expect(type?.gpus).toBe(accelerator === undefined ? undefined : 1);
      expect(type?.accelerator).toBe(accelerator);
    },
  );

  test("has no type without published figures here", () => {
    expect(Object.keys(instanceTypes)).toEqual(published.map(([name]) => name));
    expect(gpuInstanceTypes(instanceTypes)).toEqual(
      published.filter(([, , , , accelerator]) => accelerator !== undefined).map(([name]) => name),
    );
  });
});

describe("figures of another type", () => {
  const figures = { vCpus: 2, memoryGiB: 16, networkInterfaces: 3, addressesPerInterface: 10 };
  const messages = (changes: object) => figuresProblems({ ...figures, ...changes }).map(describeProblem);
  const command = "aws ec2 describe-instance-types";

  test("may be the least there are, and half a GiB", () => {
    expect(messages({})).toEqual([]);
    expect(messages({ vCpus: 1, memoryGiB: 0.5, networkInterfaces: 1, addressesPerInterface: 1, gpus: 0 })).toEqual([]);
    expect(messages({ gpus: 1, accelerator: "nvidia-l4" })).toEqual([]);
  });

  test.each(["vCpus", "networkInterfaces", "addressesPerInterface"])("may not have %s of 0, 1.5 or -1", (figure) => {
    for (const value of [0, 1.5, -1]) {
      expect(messages({ [figure]: value })).toEqual([
        `${figure} must be a whole number from 1, got ${value}: copy it from ${command}`,
      ]);
    }
  });

  test.each([0, -4, Number.NaN])("may not have %d GiB of memory", (memoryGiB) => {
    expect(messages({ memoryGiB })).toEqual([
      `memoryGiB must be more than 0 GiB, got ${memoryGiB}: convert the MiB of ${command}`,
    ]);
  });

  test.each([-1, 0.5])("may not have %d GPUs", (gpus) => {
    expect(messages({ gpus, accelerator: "nvidia-l4" })).toEqual([
      `gpus must be a whole number from 0, got ${gpus}: copy it from ${command}`,
    ]);
  });

  test("are refused all at once, and GPUs without an accelerator with them", () => {
    expect(messages({ vCpus: 0, memoryGiB: 0, gpus: 2 })).toEqual([
      `vCpus must be a whole number from 1, got 0: copy it from ${command}`,
      `memoryGiB must be more than 0 GiB, got 0: convert the MiB of ${command}`,
      'accelerator must be the value of the label k8s.amazonaws.com/accelerator, got nothing: types with GPUs need it, so add for example accelerator: "nvidia-tesla-t4"',
    ]);
  });
});

test("names of types are known by the table and by nothing that every object has", () => {
  const paths = (...names: string[]) => instanceTypeProblems(names, instanceTypes).map(({ path, got }) => [path, got]);
  expect(paths("c5.large", "z9.huge", "toString")).toEqual([
    [[1], '"z9.huge"'],
    [[2], '"toString"'],
  ]);
});
