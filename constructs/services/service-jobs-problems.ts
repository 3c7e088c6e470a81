import { problemOfValue } from "sweep-worker/contract";
import type { NodeTarget } from "../pools/node-target.ts";
import type { Problem } from "../support/problems.ts";
import { workerJobProblems } from "../workload/worker-job-problems.ts";
import { workerSettingsOf } from "./job-template.ts";
import { type ServiceJobsOptions, serviceJobsOptionsSchema } from "./service-jobs-options.ts";

/**
 * Everything that is wrong with jobs that the API may create; each `path` starts with the option.
 *
 * @param target the nodes that they run on. Without a target, their resources are not compared with the room on a node.
 */
export function serviceJobsProblems(options: ServiceJobsOptions, target: NodeTarget | undefined): Problem[] {
  const { maxWorkers, size } = serviceJobsOptionsSchema.shape;
  const own = [
    ...problemOfValue("size", options.size, size),
    ...problemOfValue("maxWorkers", options.maxWorkers, maxWorkers),
  ];
  const right = own.length === 0 ? options : { ...options, maxWorkers: 1, size: "small" as const };
  // A node without a place for a pod is the only problem of their number.
  const ofPods = workerJobProblems(workerSettingsOf(right), target).map((problem) =>
    problem.path[0] === "workers" ? { ...problem, path: ["size"] } : problem,
  );
  return [...own, ...ofPods];
}
