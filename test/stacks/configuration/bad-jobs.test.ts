import { describeProblem } from "../../../constructs/support/problems.ts";
import { dev } from "../../../environments.ts";
import { problemsIn } from "../../../stacks/configuration/resolution.ts";
import { resolveEnvironment } from "../../../stacks/configuration/resolve.ts";
import { evaluationsOf, problemsOf } from "../../support/fixtures.ts";

const job = { name: "a", nodePool: "executor", totalParameters: 100, workers: 1 };
const { nodePool: _, ...unplaced } = job;

// Each one alone in an environment that is otherwise right, with everything its author is told.
test.each<[string, object, string[]]>([
  [
    "a job that says nothing of where and how much",
    { jobs: [{ name: "a" }] },
    [
      "workload.jobs[0].totalParameters must be a whole number from 0 to 9,007,199,254,740,991, got nothing: use for example 10000000",
      "workload.jobs[0].workers must be a whole number from 1 to 100,000, which is the limit of Kubernetes for an Indexed Job, got nothing: use for example 3",
      'workload.jobs[0].nodePool must be given when there is no size, got nothing: use for example nodePool: "executor"',
    ],
  ],
  [
    "a job on no pool and of no size",
    { jobs: [unplaced] },
    [
      'workload.jobs[0].nodePool must be given when there is no size, got nothing: use for example nodePool: "executor"',
    ],
  ],
  [
    "a job on a pool and of a size",
    { jobs: [{ ...job, size: "large" }] },
    [
      'workload.jobs[0].nodePool must be left out when there is a size, got "executor" and size "large": remove the one that you do not mean',
    ],
  ],
  [
    "a job of a size that is none",
    { jobs: [{ ...unplaced, size: "huge" }] },
    ['workload.jobs[0].size must be "small", "large" or "gpu", got "huge": use for example "small"'],
  ],
  [
    "more workers than Kubernetes has completions",
    { jobs: [{ ...job, workers: 10_000_000 }] },
    [
      "workload.jobs[0].workers must be a whole number from 1 to 100,000, which is the limit of Kubernetes for an Indexed Job, got 10000000: use for example 3",
    ],
  ],
  [
    "a job that no node of its pool has room for",
    { jobs: [{ ...job, cpuRequestMillis: 8000, cpuLimitMillis: 8000 }] },
    [
      "workload.jobs[0].cpuRequestMillis must be 7,630 thousandths of a core or less, got 8000: a node of executor has no more room for pods beside its DaemonSets, and the autoscaler counts kube-proxy twice; ask for less, or use a pool of larger nodes",
    ],
  ],
  [
    "a job that asks for a GPU where there is none",
    { jobs: [{ ...job, gpus: 1 }] },
    ["workload.jobs[0].gpus must be 0, got 1: executor has no GPUs; use a pool with gpu: true"],
  ],
  [
    "an evaluation that the image will not hold",
    { jobs: [{ ...job, evaluation: "colatz" }] },
    [
      'workload.jobs[0].evaluation must be "collatz" or "prime", got "colatz": put its file into worker/evaluations and name it without folder and ending',
    ],
  ],
  [
    "a program that the default base image lacks",
    { jobs: [{ ...job, evaluationCommand: "python3 evaluations/waves.py" }] },
    [
      'workload.jobs[0].evaluationCommand must be a command that the image can run, got "python3 evaluations/waves.py": the default base image has node and no other program; set workload.baseImage to an image with python3, for example "docker.io/library/python:3.13-slim-bookworm"',
    ],
  ],
  [
    "a program that the image will not hold",
    { jobs: [{ ...job, evaluationCommand: "python3 evaluations/waves.py" }], baseImage: "python:3.13-slim-bookworm" },
    [
      'workload.jobs[0].evaluationCommand must be a command that the image can run, got "python3 evaluations/waves.py": evaluations/waves.py is not in the image, which has no programs yet; put the file into worker/evaluations',
    ],
  ],
  [
    "an evaluation beside a command",
    { jobs: [{ ...job, evaluation: "prime", evaluationCommand: "node -e 0" }] },
    [
      'workload.jobs[0].evaluation must be left out when there is an evaluationCommand, got "prime" and "node -e 0": remove the one that you do not mean',
    ],
  ],
  [
    "more pods at a time than workers",
    { jobs: [{ ...job, parallelism: 2 }] },
    [
      "workload.jobs[0].parallelism must be 1 or less, got 2: the job has 1 worker; leave it out to run all of them at once",
    ],
  ],
  [
    "less memory than the worker needs",
    { jobs: [{ ...job, memoryLimitMiB: 64, memoryRequestMiB: 64 }] },
    [
      "workload.jobs[0].memoryLimitMiB must be 123 MiB or more, got 64: a worker needs as much for blocks of 10,000 parameters with 1 result each; raise the limit, or use a smaller batchSize",
    ],
  ],
  [
    "less memory than its programs need",
    {
      baseImage: "docker.io/library/python:3.13-slim-bookworm",
      jobs: [
        { ...job, evaluationCommand: "node -e 0", evaluationConcurrency: 64, memoryLimitMiB: 500 },
        { ...job, name: "two", evaluationCommand: "/usr/bin/python3.13 -c 0", evaluationConcurrency: 101 },
        {
          ...job,
          name: "three",
          totalParameters: 10_000,
          evaluationCommand: "simulate",
          evaluationConcurrency: 10_000,
        },
      ],
    },
    [
      "workload.jobs[0].memoryLimitMiB must be 501 MiB or more, got 500: each worker runs 64 programs at a time, which take as much before they compute anything; raise the limit, or lower evaluationConcurrency",
      "workload.jobs[1].memoryLimitMiB must be 519 MiB or more, got 256: each worker runs 100 programs at a time, which take as much before they compute anything; raise the limit, or lower evaluationConcurrency",
      "workload.jobs[2].memoryLimitMiB must be 1,122 MiB or more, got 256: each worker runs 10,000 programs at a time, which take as much before they compute anything; raise the limit, or lower evaluationConcurrency",
    ],
  ],
  [
    "a Secret with an impossible name",
    { jobs: [{ ...job, secretName: "My_Secret" }] },
    [
      'workload.jobs[0].secretName must be lower-case letters, digits, hyphens and dots between them, at most 253 characters, got "My_Secret": use for example "my-secret"',
    ],
  ],
  [
    "a log level of another logger",
    { jobs: [{ ...job, logLevel: "verbose" }] },
    [
      'workload.jobs[0].logLevel must be trace, debug, info, warn, error or silent, got "verbose": use for example "info"',
    ],
  ],
  [
    "a setting that the worker would refuse",
    { jobs: [{ ...job, seed: -1 }] },
    ["workload.jobs[0].seed must be a whole number from 0 to 9,007,199,254,740,991, got -1: use for example 42"],
  ],
  [
    "a misspelt setting",
    { jobs: [{ ...job, paralelism: 3 }] },
    [
      "workload.jobs[0].paralelism must be left out, got 3: remove it, or rename it to name, totalParameters, workers, parallelism, placement, batchSize, partition, seed, evaluation, evaluationCommand, resultColumns, evaluationConcurrency, evaluationTimeoutSeconds, stopGraceSeconds, maxFailures, s3RequestTimeoutMs, simulateWorkMs, logLevel, cpuRequestMillis, memoryRequestMiB, cpuLimitMillis, memoryLimitMiB, gpus, temporaryStorageMiB, backoffLimitPerIndex, maxFailedIndexes, restart, secretName, runName, nodePool or size",
    ],
  ],
  [
    "an image that changes every day",
    { jobs: [], image: "ttg-worker:latest" },
    [
      'workload.image must be <repository>:<tag>, <repository>@sha256:<digest> or both, and not the tag latest, got "ttg-worker:latest": use for example "docker.io/library/python:3.13-slim-bookworm"',
    ],
  ],
  [
    "a base for an image that is built already",
    { jobs: [], image: "a/b:1", baseImage: "python:3.13-slim-bookworm" },
    [
      'workload.baseImage must be left out beside image, which is built already, got "python:3.13-slim-bookworm": remove the one that you do not mean',
    ],
  ],
])("an environment with %s is refused", (_, workload, messages) => {
  expect(problemsOf({ ...dev, workload: { namespace: "sweep", ...workload } }).map(describeProblem)).toEqual(messages);
});

test("a command of an image that was built elsewhere is left to its author", () => {
  const jobs = [{ ...job, evaluationCommand: "python3 evaluations/waves.py" }];
  expect(problemsOf({ ...dev, workload: { namespace: "sweep", image: "a/b:1", jobs } })).toEqual([]);
});

test("the worker's default evaluation is refused where the image lacks it", () => {
  const environment = { ...dev, workload: { namespace: "sweep", jobs: [job] } };
  const resolution = resolveEnvironment(environment, evaluationsOf(["mine"]));
  expect(problemsIn(resolution).map(describeProblem)).toEqual([
    'workload.jobs[0].evaluation must be "mine", got "collatz", the default: put its file into worker/evaluations and name it without folder and ending',
  ]);
});

test("a size that no pool has is refused, with those there are", () => {
  const { "executor-small": _, ...nodePools } = dev.nodePools;
  const workload = { namespace: "sweep", jobs: [{ ...unplaced, size: "small" }] };
  expect(problemsOf({ ...dev, nodePools, workload }).map(describeProblem)).toEqual([
    'workload.jobs[0].size must be "large" or "gpu", got "small": label a pool with "executor-size": "small", or name a pool',
  ]);
});

test.each(["jobs", "executors", "services.jobs"])("the size gpu in %s is refused without a pool of GPUs", (place) => {
  const { gpu, ...others } = dev.nodePools;
  const jobs = place === "jobs" ? [{ ...unplaced, size: "gpu" }] : [];
  const executors = place === "executors" ? [{ size: "gpu" }] : [];
  const services = place === "services.jobs" ? { services: { jobs: [{ size: "gpu" }] } } : {};
  const told = (nodePools: object) =>
    problemsOf({ ...dev, nodePools, workload: { namespace: "sweep", jobs, executors }, ...services }).map(
      describeProblem,
    );
  const path = place === "services.jobs" ? place : `workload.${place}`;
  expect(told(others)).toEqual([
    `${path}[0].size must be "small" or "large", got "gpu": label a pool with "executor-size": "gpu"${place === "jobs" ? ", or name a pool" : ""}`,
  ]);
  // A label does not make GPUs.
  expect(told({ ...others, gpu: { ...dev.nodePools.executor, labels: { "executor-size": "gpu" } } })).toEqual([
    "nodePools.gpu.gpu must be true in a pool with the label executor-size: gpu, got false: use gpu: true and a type with a GPU, or remove the label executor-size",
  ]);
  expect(told({ ...others, gpu })).toEqual([]);
});

test("a job on a pool that is itself wrong is not blamed for it", () => {
  const nodePools = { ...dev.nodePools, executor: { ...dev.nodePools.executor, instanceTypes: ["c99.large"] } };
  expect(problemsOf({ ...dev, nodePools }).map(({ path }) => path[0])).toEqual(["nodePools"]);
});
