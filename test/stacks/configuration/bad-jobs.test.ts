import { describeProblem } from "../../../constructs/support/problems.ts";
import { dev } from "../../../environments.ts";
import { problemsOf } from "../../support/fixtures.ts";

const job = { name: "a", nodePool: "executor", totalParameters: 100, workers: 1 };
const { nodePool: _, ...unplaced } = job;

// Each one alone in an environment that is otherwise right, with everything its author is told.
test.each<[string, object, string[]]>([
  [
    "a job that says nothing of where and how much",
    { jobs: [{ name: "a" }] },
    [
      "workload.jobs[0].totalParameters is missing: got nothing, allowed is a number; write for example 10000000",
      "workload.jobs[0].workers is missing: got nothing, allowed is a number; write for example 3",
    ],
  ],
  [
    "a job on no pool and of no size",
    { jobs: [unplaced] },
    [
      'workload.jobs[0].nodePool is missing: got neither nodePool nor size, allowed is exactly one of the two; write for example nodePool: "executor"',
    ],
  ],
  [
    "a job on a pool and of a size",
    { jobs: [{ ...job, size: "large" }] },
    [
      'workload.jobs[0].nodePool stands beside size: got "executor" and "large", allowed is exactly one of the two; remove the one you do not mean',
    ],
  ],
  [
    "a job of a size that is none",
    { jobs: [{ ...unplaced, size: "huge" }] },
    [
      'workload.jobs[0].size is not one of the words known here: got "huge", allowed is "small", "large" or "gpu"; use one of these',
    ],
  ],
  [
    "more workers than Kubernetes has completions",
    { jobs: [{ ...job, workers: 10_000_000 }] },
    [
      "workload.jobs[0].workers is more than Kubernetes allows an Indexed Job (completionsSoftLimit and maxParallelismForIndexedJob): got 10000000, allowed is a whole number from 1 to 100,000; give each worker more parameters",
    ],
  ],
  [
    "a job that no node of its pool has room for",
    { jobs: [{ ...job, cpuRequestMillis: 8000, cpuLimitMillis: 8000 }] },
    [
      "workload.jobs[0].cpuRequestMillis is more than a node of executor has for pods: got 8000, allowed is a whole number from 1 to 7,730 thousandths of a core; ask for less, or use a pool of larger machines",
    ],
  ],
  [
    "a job that asks for a GPU where there is none",
    { jobs: [{ ...job, gpus: 1 }] },
    [
      "workload.jobs[0].gpus is more than a node of executor has: got 1, allowed is a whole number from 0 to 0; use a pool with gpu: true",
    ],
  ],
  [
    "an evaluation that the image will not hold",
    { jobs: [{ ...job, evaluation: "colatz" }] },
    [
      'workload.jobs[0].evaluation is not in worker/evaluations, and would not be in the image: got "colatz", allowed is collatz or prime; put its file there and name it without folder and ending',
    ],
  ],
  [
    "a log level of another logger",
    { jobs: [{ ...job, logLevel: "verbose" }] },
    [
      'workload.jobs[0].logLevel is not one of the words known here: got "verbose", allowed is "trace", "debug", "info", "warn", "error" or "silent"; use one of these',
    ],
  ],
  [
    "a setting that the worker would refuse",
    { jobs: [{ ...job, seed: -1 }] },
    [
      'workload.jobs[0].seed is nothing the worker takes: got "-1", allowed is a whole number from 0 to 9,007,199,254,740,991; use such a value',
    ],
  ],
  [
    "a misspelt setting",
    { jobs: [{ ...job, paralelism: 3 }] },
    [
      "workload.jobs[0].paralelism is not a field: got 3, allowed is name, nodePool, size, totalParameters, workers, parallelism, batchSize, simulateWorkMs, logLevel, evaluation, evaluationCommand, resultColumns, evaluationTimeoutSeconds, maxFailures, seed, partition, s3RequestTimeoutMs, placement, cpuRequestMillis, memoryRequestMiB, cpuLimitMillis, memoryLimitMiB, gpus, temporaryStorageMiB, backoffLimitPerIndex, maxFailedIndexes, secretName or runName; remove it or correct its name",
    ],
  ],
  [
    "an image that changes every day",
    { jobs: [], image: "ttg-worker:latest" },
    [
      'workload.image does not name one image for good: got "ttg-worker:latest", allowed is <repository>:<tag>, <repository>@sha256:<digest> or both, and not the tag latest; use for example "docker.io/library/python:3.13-slim-bookworm"',
    ],
  ],
  [
    "a base for an image that is built already",
    { jobs: [], image: "a/b:1", baseImage: "python:3.13-slim-bookworm" },
    [
      'workload.baseImage stands beside image, which is built already: got "python:3.13-slim-bookworm", allowed is one of the two; remove the one you do not mean',
    ],
  ],
])("an environment with %s is refused", (_, workload, messages) => {
  expect(problemsOf({ ...dev, workload: { namespace: "sweep", ...workload } }).map(describeProblem)).toEqual(messages);
});

test("a size that no pool has is refused, with those there are", () => {
  const { "executor-small": _, ...nodePools } = dev.nodePools;
  const workload = { namespace: "sweep", jobs: [{ ...unplaced, size: "small" }] };
  expect(problemsOf({ ...dev, nodePools, workload }).map(describeProblem)).toEqual([
    'workload.jobs[0].size is a size that no pool has: got "small", allowed is large or gpu; label a pool with "executor-size": "small", or name a pool',
  ]);
});

test("a job on a pool that is itself wrong is not blamed for it", () => {
  const nodePools = { ...dev.nodePools, executor: { ...dev.nodePools.executor, instanceTypes: ["c99.large"] } };
  expect(problemsOf({ ...dev, nodePools }).map(({ path }) => path[0])).toEqual(["nodePools"]);
});
