import { LIMITS, problemsOf } from "sweep-worker/contract";
import type { NodeTarget } from "../pools/node-target.ts";
import { dnsLabelProblems } from "../support/kubernetes-syntax.ts";
import { oneOf, type Problem, show, within } from "../support/problems.ts";
import { boundsProblems } from "./bounds.ts";
import { placements, type WorkerJobSettings, workerSettingNames } from "./worker-job-settings.ts";
import { workerResourceProblems } from "./worker-resource-problems.ts";

/** Characters that a Job's name gets behind it: a hyphen and a hash. */
const hashLength = 9;

/** Everything that is wrong with a sweep; `path` starts with the setting. Without a target, its room is not looked at. */
export function workerJobProblems(settings: WorkerJobSettings, target: NodeTarget | undefined): Problem[] {
  return [
    ...nameProblems(settings),
    ...countProblems(settings),
    ...problemsOf(settings, workerSettingNames),
    ...wordProblems(settings),
    ...(target === undefined ? [] : workerResourceProblems(settings, target)),
  ];
}

/** Kubernetes makes a host name of the Job's name and the index ("will not able to create pod with invalid DNS hostname"). */
function nameProblems({ name, workers }: WorkerJobSettings): Problem[] {
  const indexLength = 1 + String(Math.max(0, Math.min(workers, LIMITS.workers) - 1)).length;
  return within(["name"], dnsLabelProblems(name, 63 - hashLength - indexLength));
}

function countProblems({ workers, parallelism, maxFailedIndexes, backoffLimitPerIndex }: WorkerJobSettings): Problem[] {
  const upToWorkers = {
    least: 0,
    most: Math.max(1, Math.min(workers, LIMITS.workers)),
    mostOf: "there are workers",
  };
  return [
    {
      path: "workers",
      value: workers,
      least: 1,
      most: LIMITS.workers,
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
