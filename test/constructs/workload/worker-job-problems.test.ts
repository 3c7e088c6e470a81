import { Token } from "cdktf";
import { fromZero } from "../../../constructs/pools/capacity.ts";
import { type InstanceType, instanceTypes } from "../../../constructs/pools/instance-types.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import { executorsOfSize, roomForPods } from "../../../constructs/pools/node-target.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";
import { WorkerJob } from "../../../constructs/workload/worker-job.ts";
import { workerJobProblems } from "../../../constructs/workload/worker-job-problems.ts";
import type { WorkerJobSettings } from "../../../constructs/workload/worker-job-settings.ts";
import { prod } from "../../../environments.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";
import { jobProps, pool } from "../../support/workload.ts";

const right: WorkerJobSettings = { name: "sweep", totalParameters: 1000, workers: 10 };
const problems = (changes: object, on = "executor") =>
  workerJobProblems({ ...right, ...changes }, pool(on)).map(describeProblem);

test("nothing is wrong with a job that fits", () => {
  expect(problems({})).toEqual([]);
  expect(problems({ workers: 100_000, parallelism: 0, maxFailedIndexes: 0, backoffLimitPerIndex: 0 })).toEqual([]);
  expect(problems({ cpuRequestMillis: 7630, cpuLimitMillis: 7630 })).toEqual([]);
  expect(problems({ placement: "one-per-node" })).toEqual([]);
  expect(problems({ gpus: 1 }, "gpu")).toEqual([]);
  // Two blocks of 8 columns take 1.3 GB of the disk and more than that of memory, and the job asks for it.
  expect(problems({ batchSize: 10_000_000 })).toEqual([]);
  // The figures of the mission.
  expect(problems({ batchSize: 10_000, memoryRequestMiB: 128, memoryLimitMiB: 256 })).toEqual([]);
});

// Each one alone in a job that is otherwise right, with everything its author is told.
test.each<[string, object, string[]]>([
  [
    "more completions than Kubernetes takes",
    { workers: 100_001 },
    [
      "workers must be a whole number from 1 to 100,000, which is the limit of Kubernetes for an Indexed Job, got 100001: use for example 3",
    ],
  ],
  [
    "no worker",
    { workers: 0 },
    [
      "workers must be a whole number from 1 to 100,000, which is the limit of Kubernetes for an Indexed Job, got 0: use for example 3",
    ],
  ],
  [
    "more pods at a time than workers",
    { parallelism: 11 },
    ["parallelism must be 10 or less, got 11: the job has 10 workers; leave it out to run all of them at once"],
  ],
  [
    "more failed workers than workers",
    { maxFailedIndexes: 11 },
    ["maxFailedIndexes must be 10 or less, got 11: the job has 10 workers; leave it out for a tenth of them"],
  ],
  [
    "a number that only Terraform knows",
    { memoryRequestMiB: Token.asNumber({ resolve: () => 1 }) },
    ["memoryRequestMiB must be known at synthesis, got a token of Terraform: write the value itself"],
  ],
  [
    "half a retry",
    { backoffLimitPerIndex: 0.5 },
    ["backoffLimitPerIndex must be a whole number from 0 to 2,147,483,647, got 0.5: use for example 6"],
  ],
  [
    "a name that leaves no room for hash and index",
    { name: "a".repeat(53), workers: 1 },
    [
      `name must be a lower-case letter followed by lower-case letters, digits and hyphens, at most 52 characters, got "${"a".repeat(53)}": use for example "${"a".repeat(52)}"`,
    ],
  ],
  [
    "a name too long for its number of workers",
    { name: "a".repeat(49), workers: 100_000 },
    [
      `name must be a lower-case letter followed by lower-case letters, digits and hyphens, at most 48 characters, got "${"a".repeat(49)}": use for example "${"a".repeat(48)}"`,
    ],
  ],
  [
    "a batch that the worker does not take",
    { batchSize: 0 },
    ["batchSize must be a whole number from 1 to 10,000,000, got 0: use for example 10000"],
  ],
  [
    "parameters beyond what a double counts",
    { totalParameters: 2 ** 53 },
    [
      "totalParameters must be a whole number from 0 to 9,007,199,254,740,991, got 9007199254740992: use for example 10000000",
    ],
  ],
  [
    "columns of a module",
    { resultColumns: ["a"] },
    [
      'resultColumns must be left out unless evaluationCommand is set, got ["a"]: remove it; a module exports its own columns',
    ],
  ],
  [
    "a module beside a command",
    { evaluation: "prime", evaluationCommand: "python3 mine.py" },
    [
      'evaluation must be left out when there is an evaluationCommand, got "prime" and "python3 mine.py": remove the one that you do not mean',
    ],
  ],
  [
    "more blocks than a worker lists",
    { totalParameters: 100_000_000, batchSize: 1 },
    [
      "batchSize must be 10 or more, because totalParameters is 100,000,000, got 1: a run has 10,000,000 blocks at most; use larger blocks",
    ],
  ],
  [
    "more CPU than a node has for pods",
    { cpuRequestMillis: 7730, cpuLimitMillis: 8000 },
    [
      "cpuRequestMillis must be 7,630 thousandths of a core or less, got 7730: a node of executor has no more room for pods beside its DaemonSets, and the autoscaler counts kube-proxy twice; ask for less, or use a pool of larger nodes",
    ],
  ],
  [
    "more memory than a node has for pods",
    { memoryRequestMiB: 16_384, memoryLimitMiB: 16_384 },
    [
      `memoryRequestMiB must be ${(pool("executor").allocatable.memoryMiB - 120).toLocaleString("en")} MiB or less, got 16384: a node of executor has no more room for pods; ask for less, or use a pool of larger nodes`,
    ],
  ],
  [
    "a larger /tmp than a node has",
    { temporaryStorageMiB: 100_000 },
    [
      `temporaryStorageMiB must be ${pool("executor").allocatable.ephemeralStorageMiB.toLocaleString("en")} MiB or less, got 100000: a node of executor has no more room for pods; use a smaller batchSize, or a pool with larger volumes`,
    ],
  ],
  [
    "a GPU where there is none",
    { gpus: 1 },
    ["gpus must be 0, got 1: executor has no GPUs; use a pool with gpu: true"],
  ],
  [
    "a limit below the request",
    { memoryRequestMiB: 512 },
    [
      "memoryLimitMiB must be 512 MiB or more, got 256: the pod requests as much; raise the limit, or lower the request",
    ],
  ],
  [
    "GiB where MiB are meant",
    { memoryLimitMiB: 4 },
    [
      "memoryLimitMiB must be 123 MiB or more, got 4: a worker needs as much for blocks of 10,000 parameters with 1 result each; raise the limit, or use a smaller batchSize",
    ],
  ],
  [
    "less memory than its blocks need",
    { batchSize: 1_000_000, memoryLimitMiB: 256, evaluationCommand: "./a", resultColumns: ["a", "b", "c", "d", "e"] },
    [
      "memoryLimitMiB must be 311 MiB or more, got 256: a worker needs as much for blocks of 1,000,000 parameters with 5 results each; raise the limit, or use a smaller batchSize",
    ],
  ],
  [
    "a wrong batch size, of which neither memory nor storage is a consequence",
    { batchSize: 1e12, memoryLimitMiB: 256 },
    ["batchSize must be a whole number from 1 to 10,000,000, got 1000000000000: use for example 10000"],
  ],
  [
    "a node of its own for a request of less than half",
    { placement: "one-per-node", cpuRequestMillis: 2000 },
    [
      "cpuRequestMillis must be 3,956 thousandths of a core or more, got 2000: a second pod would fit on a node of executor, beside placement one-per-node; leave it out, or use another placement",
    ],
  ],
  [
    "an unknown placement",
    { placement: "anywhere" },
    ['placement must be pack, spread or one-per-node, got "anywhere": use for example "spread"'],
  ],
  [
    "a Secret with a name that is none",
    { secretName: "My_Keys" },
    [
      'secretName must be lower-case letters, digits, hyphens and dots between them, at most 253 characters, got "My_Keys": use for example "my-keys"',
    ],
  ],
  [
    "a run with a name that climbs out of the prefix",
    { runName: "../other" },
    [
      'runName must be a lower-case letter followed by lower-case letters, digits and hyphens, at most 63 characters, got "../other": use for example "other"',
    ],
  ],
])("a job with %s has these problems and no others", (_, changes, messages) => {
  expect(problems(changes)).toEqual(messages);
});

test("several wrong settings are all reported, and none because of another", () => {
  const changes = { workers: 1.5, seed: -1, totalParameters: "x", batchSize: Number.NaN, parallelism: 7 };
  expect(problems(changes)).toEqual([
    'totalParameters must be a whole number from 0 to 9,007,199,254,740,991, got "x": use for example 10000000',
    "workers must be a whole number from 1 to 100,000, which is the limit of Kubernetes for an Indexed Job, got 1.5: use for example 3",
    "batchSize must be a whole number from 1 to 10,000,000, got NaN: use for example 10000",
    "seed must be a whole number from 0 to 9,007,199,254,740,991, got -1: use for example 42",
  ]);
});

test("a setting that must be set is asked for", () => {
  expect(problems({ totalParameters: undefined })).toEqual([
    "totalParameters must be a whole number from 0 to 9,007,199,254,740,991, got nothing: set it, for example to 10000000",
  ]);
});

test("resources are checked for themselves where the pool is unknown", () => {
  expect(workerJobProblems({ ...right, gpus: -1, cpuRequestMillis: 10 ** 9 }, undefined).map(describeProblem)).toEqual([
    "gpus must be a whole number from 0 to 2,147,483,647, got -1: use for example 1",
  ]);
});

test("a text that only Terraform knows is refused, since a hash of it names the Job", () => {
  expect(problems({ evaluation: Token.asString({ resolve: () => "a" }) })).toEqual([
    "evaluation must be known at synthesis, got a token of Terraform: write the value itself",
  ]);
});

test("two GPUs of a machine with one are refused", () => {
  expect(problems({ gpus: 2 }, "gpu")).toEqual([
    "gpus must be 1 or less, got 2: a node of gpu has no more; ask for less, or use a pool of larger nodes",
  ]);
});

test("the construct refuses all problems of the check at once", () => {
  const build = () =>
    synthesize((stack) => {
      new WorkerJob(stack, "job", jobProps({ workers: 100_001, gpus: 1 }));
    });
  expect(messageOf(build).split("\n")).toEqual([
    'worker job "ttg-computation" has 2 problems:',
    expect.stringContaining("workers must be a whole number from 1 to 100,000"),
    expect.stringContaining("gpus must be 0, got 1: executor has no GPUs"),
  ]);
});

describe("an executor size", () => {
  const pools = Object.keys(prod.nodePools).map(pool);

  test.each([
    ["small", "executor-small", [["workload-type", "executor"]]],
    ["large", "executor-large", [["workload-type", "executor"]]],
    ["gpu", "gpu", [["nvidia.com/gpu", "true"]]],
  ] as const)("%s is the pool %s, past its taint", (size, name, tolerated) => {
    const target = executorsOfSize(pools, size);
    expect(target).toMatchObject({ name, nodeSelector: { "executor-size": size }, gpu: size === "gpu" });
    expect(target?.tolerations.map(({ key, value }) => [key, value])).toEqual(tolerated);
    expect(target?.allocatable).toEqual(pool(name).allocatable);
  });

  test("of two pools has the room of the smaller and the tolerations of both", () => {
    const labels = { "executor-size": "large" };
    const second = new NodePool({
      name: "second",
      instanceTypes: ["c5.xlarge"],
      capacity: prod.nodePools.gpu?.capacity as never,
      labels,
    });
    const target = executorsOfSize([...pools, second], "large");
    expect(target?.name).toBe("executor-large or second");
    expect(target?.allocatable.cpuMillis).toBe(second.allocatable.cpuMillis);
    expect(target?.tolerations).toEqual(pool("executor-large").tolerations);
    // Half of the larger node is more than the smaller one has: no request would do on both.
    const alone = workerJobProblems({ ...right, placement: "one-per-node" }, target).map(({ path, fix }) => [
      path,
      fix,
    ]);
    expect(alone).toEqual([
      [
        ["cpuRequestMillis"],
        "a node of executor-large or second has no more room for pods beside its DaemonSets, and the autoscaler counts kube-proxy twice; ask for less, or use a pool of larger nodes",
      ],
    ]);
  });

  test("that no pool has is none", () => {
    expect(executorsOfSize([pool("executor")], "small")).toBeUndefined();
  });
});

test("a node has room for pods beside its DaemonSets and the kube-proxy that the autoscaler adds to them", () => {
  const { allocatable } = pool("gpu");
  expect(roomForPods(pool("gpu"))).toEqual({
    cpuMillis: allocatable.cpuMillis - 180 - 10 - 100,
    memoryMiB: allocatable.memoryMiB - 120 - 64,
    ephemeralStorageMiB: allocatable.ephemeralStorageMiB,
    gpus: 1,
    pods: allocatable.pods - 5 - 1,
  });
});

test("a node whose places the platform's own pods take is no node for a job", () => {
  const tiny = { ...instanceTypes["t3.large"], networkInterfaces: 2, addressesPerInterface: 2 } as InstanceType;
  const target = new NodePool({
    name: "tiny",
    instanceTypes: ["t9.tiny"],
    additionalInstanceTypes: { "t9.tiny": tiny },
    capacity: fromZero(3),
  });
  expect(workerJobProblems(right, target).map(describeProblem)).toEqual([
    "workers must be on nodes with a place for a pod, got tiny, whose nodes hold 4 pods: the platform's own pods take all of these places; use a pool of larger nodes",
  ]);
});
