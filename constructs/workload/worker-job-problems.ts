import { readConfiguration, SweepError, toEnvironment } from "sweep-worker/contract";
import type { NodeTarget } from "../pools/node-target.ts";
import { dnsLabelProblems } from "../support/kubernetes-syntax.ts";
import { oneOf, type Problem, show, within } from "../support/problems.ts";
import { boundsProblems } from "./bounds.ts";
import { placements, type WorkerJobSettings } from "./worker-job-settings.ts";
import { workerResourceProblems } from "./worker-resource-problems.ts";
import { workerConfigurationOf } from "./worker-run.ts";

/**
 * `completionsSoftLimit` and `maxParallelismForIndexedJob`: beyond them Kubernetes wants far fewer pods at a time, and the
 * list of finished indexes alone fills the Job's status.
 * @see https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/apis/batch/validation/validation.go
 */
const maximumCompletions = 100_000;
/** Characters that a Job's name gets behind it: a hyphen and a hash. */
const hashLength = 9;

/** Everything that is wrong with a sweep; `path` starts with the setting. Without a target, its room is not looked at. */
export function workerJobProblems(settings: WorkerJobSettings, target: NodeTarget | undefined): Problem[] {
  return [
    ...nameProblems(settings),
    ...countProblems(settings),
    ...contractProblems(settings),
    ...wordProblems(settings),
    ...(target === undefined ? [] : workerResourceProblems(settings, target)),
  ];
}

/** Kubernetes makes a host name of the Job's name and the index ("will not able to create pod with invalid DNS hostname"). */
function nameProblems({ name, workers }: WorkerJobSettings): Problem[] {
  const indexLength = 1 + String(Math.max(0, Math.min(workers, maximumCompletions) - 1)).length;
  return within(["name"], dnsLabelProblems(name, 63 - hashLength - indexLength));
}

function countProblems({ workers, parallelism, maxFailedIndexes, backoffLimitPerIndex }: WorkerJobSettings): Problem[] {
  const upToWorkers = {
    least: 0,
    most: Math.max(1, Math.min(workers, maximumCompletions)),
    mostOf: "there are workers",
  };
  return [
    {
      path: "workers",
      value: workers,
      least: 1,
      most: maximumCompletions,
      mostOf: "Kubernetes allows an Indexed Job (completionsSoftLimit and maxParallelismForIndexedJob)",
      fix: "give each worker more parameters",
    },
    { path: "parallelism", value: parallelism, ...upToWorkers, fix: "leave it out to run all workers at once" },
    { path: "maxFailedIndexes", value: maxFailedIndexes, ...upToWorkers, fix: "leave it out for a tenth of them" },
    {
      path: "backoffLimitPerIndex",
      value: backoffLimitPerIndex,
      least: 0,
      most: 2 ** 31 - 1,
      mostOf: "an int32 holds",
      fix: "use for example 6",
    },
  ].flatMap(boundsProblems);
}

/** What the worker itself would refuse, found before there is a pod. */
function contractProblems(settings: WorkerJobSettings): Problem[] {
  // One worker: how many there are is checked above, with the reason.
  const configuration = workerConfigurationOf({ ...settings, workers: 1 }, "s3://bucket/prefix");
  try {
    readConfiguration({ ...toEnvironment(configuration), WORKER_ID: "0" }, (property) => property);
    return [];
  } catch (error) {
    if (!(error instanceof SweepError)) throw error;
    return error.message.split("\n").map(problemOfLine);
  }
}

/** The contract reports `<property>: got <value>; allowed is <what is>`, a line for each. */
function problemOfLine(line: string): Problem {
  const [, property = "", got = "", allowed = ""] = /^(\w+): got (.*); allowed is (.*)$/.exec(line) ?? [];
  return { path: [property], what: "is nothing the worker takes", got, allowed, fix: "use such a value" };
}

function wordProblems({ placement, secretName, runName }: WorkerJobSettings): Problem[] {
  const problems: Problem[] = [];
  if (placement !== undefined && !placements.includes(placement)) {
    const fix = 'use for example "spread"';
    problems.push({ path: ["placement"], what: "is unknown", got: show(placement), allowed: oneOf(placements), fix });
  }
  if (secretName !== undefined) problems.push(...within(["secretName"], dnsLabelProblems(secretName, 63)));
  if (runName !== undefined) problems.push(...within(["runName"], dnsLabelProblems(runName, 63)));
  return problems;
}
