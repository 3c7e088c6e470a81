import {
  figuresProblems,
  gpuInstanceTypes,
  instanceTypeProblems,
  instanceTypes,
  maxPods,
} from "../../../constructs/pools/instance-types.ts";

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
  const refused = (changes: object) => figuresProblems({ ...figures, ...changes }).map(({ path, got }) => [path, got]);

  test("may be the least there are, and half a GiB", () => {
    expect(refused({})).toEqual([]);
    expect(refused({ vCpus: 1, memoryGiB: 0.5, networkInterfaces: 1, addressesPerInterface: 1 })).toEqual([]);
  });

  test.each(["vCpus", "networkInterfaces", "addressesPerInterface"])("may not have %s of 0, 1.5 or -1", (figure) => {
    for (const value of [0, 1.5, -1]) expect(refused({ [figure]: value })).toEqual([[[figure], String(value)]]);
  });

  test("may not be without memory", () => {
    expect(refused({ memoryGiB: 0 })).toEqual([[["memoryGiB"], "0"]]);
    expect(refused({ memoryGiB: -4 })).toEqual([[["memoryGiB"], "-4"]]);
    expect(refused({ memoryGiB: Number.NaN })).toHaveLength(1);
  });

  test("need an accelerator beside GPUs, and no GPU needs none", () => {
    expect(refused({ gpus: 1 })).toEqual([[["accelerator"], "nothing"]]);
    expect(refused({ gpus: 1, accelerator: "nvidia-l4" })).toEqual([]);
    expect(refused({ gpus: 0 })).toEqual([]);
  });

  test("are refused one by one, all at once", () => {
    expect(refused({ vCpus: 0, memoryGiB: 0, gpus: 2 }).map(([path]) => path)).toEqual([
      ["vCpus"],
      ["memoryGiB"],
      ["accelerator"],
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
