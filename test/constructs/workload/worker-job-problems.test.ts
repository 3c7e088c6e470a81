import { Token } from "cdktf";
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
  expect(problems({ cpuRequestMillis: 7730, cpuLimitMillis: 7730 })).toEqual([]);
  expect(problems({ placement: "one-per-node" })).toEqual([]);
  expect(problems({ gpus: 1 }, "gpu")).toEqual([]);
  // Its 32 blocks of 8 columns take 20 GB, and the disk has 50.
  expect(problems({ batchSize: 10_000_000 })).toEqual([]);
});

// Each one alone in a job that is otherwise right, with everything its author is told.
test.each<[string, object, string[]]>([
  [
    "more completions than Kubernetes takes",
    { workers: 100_001 },
    [
      "workers is more than Kubernetes allows an Indexed Job (completionsSoftLimit and maxParallelismForIndexedJob): got 100001, allowed is a whole number from 1 to 100,000; give each worker more parameters",
    ],
  ],
  [
    "no worker",
    { workers: 0 },
    ["workers is not a count: got 0, allowed is a whole number from 1 to 100,000; give each worker more parameters"],
  ],
  [
    "more pods at a time than workers",
    { parallelism: 11 },
    [
      "parallelism is more than there are workers: got 11, allowed is a whole number from 0 to 10; leave it out to run all workers at once",
    ],
  ],
  [
    "more failed workers than workers",
    { maxFailedIndexes: 11 },
    [
      "maxFailedIndexes is more than there are workers: got 11, allowed is a whole number from 0 to 10; leave it out for a tenth of them",
    ],
  ],
  [
    "a number that only Terraform knows",
    { memoryRequestMiB: Token.asNumber({ resolve: () => 1 }) },
    [
      `memoryRequestMiB is known only when Terraform runs: got a token, allowed is a whole number from 1 to ${(pool("executor").allocatable.memoryMiB - 120).toLocaleString("en")} MiB; ask for less, or use a pool of larger machines`,
    ],
  ],
  [
    "half a retry",
    { backoffLimitPerIndex: 0.5 },
    [
      "backoffLimitPerIndex is not a count: got 0.5, allowed is a whole number from 0 to 2,147,483,647; use for example 6",
    ],
  ],
  [
    "a name that leaves no room for hash and index",
    { name: "a".repeat(53), workers: 1 },
    [
      `name is not a DNS label: got "${"a".repeat(53)}", allowed is a lower-case letter, then letters, digits and hyphens, 52 characters at most; use for example "${"a".repeat(52)}"`,
    ],
  ],
  [
    "a name too long for its number of workers",
    { name: "a".repeat(49), workers: 100_000 },
    [
      `name is not a DNS label: got "${"a".repeat(49)}", allowed is a lower-case letter, then letters, digits and hyphens, 48 characters at most; use for example "${"a".repeat(48)}"`,
    ],
  ],
  [
    "a batch that the worker does not take",
    { batchSize: 0 },
    [
      'batchSize is nothing the worker takes: got "0", allowed is a whole number from 1 to 10,000,000; use such a value',
    ],
  ],
  [
    "parameters beyond what a double counts",
    { totalParameters: 2 ** 53 },
    [
      'totalParameters is nothing the worker takes: got "9007199254740992", allowed is a whole number from 0 to 9,007,199,254,740,991; use such a value',
    ],
  ],
  [
    "columns of a module",
    { resultColumns: ["a"] },
    [
      'resultColumns is nothing the worker takes: got "a", allowed is only beside evaluationCommand: a module exports its columns; use such a value',
    ],
  ],
  [
    "more blocks than a worker lists",
    { totalParameters: 100_000_000, batchSize: 1 },
    [
      'batchSize is nothing the worker takes: got "1", allowed is 10 or more, because totalParameters is 100,000,000 and a run has 10,000,000 blocks at most; use such a value',
    ],
  ],
  [
    "more CPU than a node has for pods",
    { cpuRequestMillis: 7950, cpuLimitMillis: 8000 },
    [
      "cpuRequestMillis is more than a node of executor has for pods: got 7950, allowed is a whole number from 1 to 7,730 thousandths of a core; ask for less, or use a pool of larger machines",
    ],
  ],
  [
    "more memory than a node has for pods",
    { memoryRequestMiB: 16_384, memoryLimitMiB: 16_384 },
    [
      `memoryRequestMiB is more than a node of executor has for pods: got 16384, allowed is a whole number from 1 to ${(pool("executor").allocatable.memoryMiB - 120).toLocaleString("en")} MiB; ask for less, or use a pool of larger machines`,
    ],
  ],
  [
    "a larger /tmp than a node has",
    { temporaryStorageMiB: 100_000 },
    [
      `temporaryStorageMiB is more than a node of executor has for pods: got 100000, allowed is a whole number from 1 to ${pool("executor").allocatable.ephemeralStorageMiB.toLocaleString("en")} MiB; use a smaller batchSize, or a pool with larger volumes`,
    ],
  ],
  [
    "a GPU where there is none",
    { gpus: 1 },
    [
      "gpus is more than a node of executor has: got 1, allowed is a whole number from 0 to 0; use a pool with gpu: true",
    ],
  ],
  [
    "a limit below the request",
    { memoryRequestMiB: 512 },
    [
      "memoryLimitMiB is less than what is requested: got 256, allowed is a whole number from 512 to 2,147,483,648 MiB; raise the limit, or lower the request",
    ],
  ],
  [
    "a node of its own for a request of less than half",
    { placement: "one-per-node", cpuRequestMillis: 2000 },
    [
      "cpuRequestMillis leaves room for a second pod, beside placement one-per-node: got 2000, allowed is 3956 or more, above half of a node of executor; leave it out, or use another placement",
    ],
  ],
  [
    "an unknown placement",
    { placement: "anywhere" },
    ['placement is unknown: got "anywhere", allowed is pack, spread or one-per-node; use for example "spread"'],
  ],
  [
    "a Secret with a name that is none",
    { secretName: "My_Keys" },
    [
      'secretName is not a DNS label: got "My_Keys", allowed is a lower-case letter, then letters, digits and hyphens, 63 characters at most; use for example "my-keys"',
    ],
  ],
  [
    "a run with a name that climbs out of the prefix",
    { runName: "../other" },
    [
      'runName is not a DNS label: got "../other", allowed is a lower-case letter, then letters, digits and hyphens, 63 characters at most; use for example "other"',
    ],
  ],
])("a job with %s is judged as it deserves", (_, changes, messages) => {
  expect(problems(changes)).toEqual(messages);
});

test("two GPUs of a machine with one are refused", () => {
  expect(problems({ gpus: 2 }, "gpu")).toEqual([
    "gpus is more than a node of gpu has: got 2, allowed is a whole number from 0 to 1; ask for less, or use a pool of larger machines",
  ]);
});

test("the construct refuses what the check finds, all at once", () => {
  const build = () =>
    synthesize((stack) => {
      new WorkerJob(stack, "job", jobProps({ workers: 100_001, gpus: 1 }));
    });
  expect(messageOf(build).split("\n")).toEqual([
    'worker job "ttg-computation" has 2 problems:',
    expect.stringContaining("workers is more than Kubernetes allows"),
    expect.stringContaining("gpus is more than a node of executor has"),
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
    const alone = workerJobProblems({ ...right, placement: "one-per-node" }, target).map(({ path, what }) => [
      path,
      what,
    ]);
    expect(alone).toEqual([[["cpuRequestMillis"], "is more than a node of executor-large or second has for pods"]]);
  });

  test("that no pool has is none", () => {
    expect(executorsOfSize([pool("executor")], "small")).toBeUndefined();
  });
});

test("a node's room for pods is what its DaemonSets leave", () => {
  const { allocatable } = pool("gpu");
  expect(roomForPods(pool("gpu"))).toEqual({
    cpuMillis: allocatable.cpuMillis - 180 - 10,
    memoryMiB: allocatable.memoryMiB - 120 - 64,
    ephemeralStorageMiB: allocatable.ephemeralStorageMiB,
    gpus: 1,
    pods: allocatable.pods - 5,
  });
});
