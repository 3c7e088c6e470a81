import type { NodeTarget } from "../pools/node-target.ts";
import type { Problem } from "../support/problems.ts";
import type { ServiceJobsOptions } from "./service-jobs-options.ts";

/**
 * Everything that is wrong with jobs that the API may create; each `path` starts with the option.
 *
 * @param target the nodes that they run on. Without a target, their resources are not compared with the room on a node.
 */
export function serviceJobsProblems(_options: ServiceJobsOptions, _target: NodeTarget | undefined): Problem[] {
  return [];
}
