import { allocatable } from "../../../constructs/pools/allocatable.ts";
import {
  architectureOf,
  architectures,
  coresOf,
  figuresProblems,
  type InstanceType,
  instanceTypeProblems,
  instanceTypeSchema,
  instanceTypes,
  maxPods,
  podAddresses,
} from "../../../constructs/pools/instance-types.ts";
import { roomForPods } from "../../../constructs/pools/node-target.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";

/**
 * AWS's published figures: vCPUs, memory in GiB and GPUs by https://aws.amazon.com/ec2/instance-types, addresses for pods by
 * eni-max-pods.txt of amazon-eks-ami, the accelerator by the cluster autoscaler's documentation of its label. EKS lowers the pods
 * of some of them to its own limits.
 */
const published: [name: string, vCpus: number, memoryGiB: number, addresses: number, pods: number, gpu?: string][] = [
  ["t3.medium", 2, 4, 17, 17],
  ["t3.large", 2, 8, 35, 35],
  ["t4g.large", 2, 8, 35, 35],
  ["m5a.large", 2, 8, 29, 29],
  ["m7g.large", 2, 8, 29, 29],
  ["m6i.xlarge", 4, 16, 58, 58],
  ["c5.2xlarge", 8, 16, 58, 58],
  ["c6i.2xlarge", 8, 16, 58, 58],
  ["c7g.2xlarge", 8, 16, 58, 58],
  ["c5.4xlarge", 16, 32, 234, 110],
  ["c7g.4xlarge", 16, 32, 234, 110],
  ["c5.9xlarge", 36, 72, 234, 234],
  ["m5.24xlarge", 96, 384, 737, 250],
  ["c7g.medium", 1, 2, 8, 8],
  ["p5.48xlarge", 192, 2048, 100, 100, "8 nvidia-h100"],
  ["g4dn.xlarge", 4, 16, 29, 29, "1 nvidia-tesla-t4"],
  ["g4dn.12xlarge", 48, 192, 234, 234, "4 nvidia-tesla-t4"],
  ["g5.xlarge", 4, 16, 58, 58, "1 nvidia-a10g"],
  ["g5g.xlarge", 4, 8, 58, 58, "1 nvidia-t4g"],
  ["g6.2xlarge", 8, 32, 58, 58, "1 nvidia-l4"],
  ["g6e.xlarge", 4, 32, 58, 58, "1 nvidia-l40s"],
  ["p4d.24xlarge", 96, 1152, 737, 250, "8 nvidia-tesla-a100"],
];

describe("the table of instance types", () => {
  test.each(published)(
    "gives %s the %i vCPUs, %i GiB and %i addresses for pods that AWS publishes, and %i pods",
    (...[name, vCpus, memoryGiB, addresses, pods, gpu]) => {
      const type = instanceTypes[name] as InstanceType;
      expect(type).toMatchObject({ vCpus, memoryGiB });
      expect([podAddresses(type), maxPods(type)]).toEqual([addresses, pods]);
      expect(type.gpus && `${type.gpus} ${type.accelerator}`).toBe(gpu);
    },
  );

  test("has figures that a user could have written, for each of a thousand types", () => {
    const types = Object.entries(instanceTypes);
    expect(types.length).toBeGreaterThan(1000);
    expect(types.flatMap(([name, figures]) => figuresProblems(figures).map(({ path }) => [name, path]))).toEqual([]);
    for (const [, figures] of types) expect(instanceTypeSchema.parse(figures)).toEqual(figures);
  });

  test.each([
    ["c5.2xlarge", 4],
    ["c7a.2xlarge", 8],
    ["c7g.2xlarge", 8],
    ["t3.large", 1],
    ["t4g.large", 2],
  ])("counts the cores of a %s: %i", (name, cores) => {
    expect(coresOf(name, instanceTypes[name] as InstanceType)).toBe(cores);
  });

  test("has room for a pod beside the DaemonSets on each type", () => {
    const rooms = Object.entries(instanceTypes).map(([name, type]) => {
      const gpu = type.gpus !== undefined;
      return { name, ...roomForPods({ allocatable: allocatable(type, 50), gpu }) };
    });
    const full = rooms.filter(({ cpuMillis, memoryMiB, pods }) => Math.min(cpuMillis, memoryMiB, pods) < 1);
    expect(full.map(({ name }) => name)).toEqual([]);
  });

  test("has the architecture that AWS's rule for names gives, for each of its types", () => {
    const given = Object.entries(instanceTypes).map(([name, { architecture }]) => [name, architecture]);
    const byName = Object.entries(instanceTypes).map(([name, { architecture: _, ...figures }]) => [
      name,
      architectureOf(name, figures),
    ]);
    expect(byName).toEqual(given);
    expect(new Set(given.map(([, architecture]) => architecture))).toEqual(new Set(architectures));
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

  test.each(["vCpus", "networkInterfaces", "addressesPerInterface", "threadsPerCore"])(
    "may not have %s of 0, 1.5 or -1",
    (figure) => {
      for (const value of [0, 1.5, -1]) {
        expect(messages({ [figure]: value })).toEqual([
          `${figure} must be a whole number from 1, got ${value}: copy it from ${command}`,
        ]);
      }
    },
  );

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

test("a name that is nearly right is answered with the sizes of its family", () => {
  const [problem] = instanceTypeProblems(["C5A.huge"], instanceTypes);
  expect(problem?.fix).toBe(
    'use one of c5a.2xlarge, c5a.4xlarge, c5a.8xlarge, c5a.12xlarge, c5a.16xlarge, c5a.24xlarge, c5a.large, c5a.xlarge, or add the figures of the type as instanceTypes["C5A.huge"] (aws ec2 describe-instance-types --instance-types C5A.huge)',
  );
});
