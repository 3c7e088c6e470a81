import { countNoun, formatCount } from "sweep-worker/contract";
import { type NodeTarget, roomForPods } from "../pools/node-target.ts";
import { type MachinesRemark, machinesFor, machinesText, podsPerNode } from "../workload/job-machines.ts";
import { type ExecutorsOptions, executorsWithDefaults } from "./executors-options.ts";
import { executorResources } from "./executors-problems.ts";

/**
 * Tells on how many machines executors without problems run when there are as many as possible. A warning says that the pools allow fewer:
 * the others would wait for a machine that never comes.
 */
export function executorsRemark(options: ExecutorsOptions, target: NodeTarget): MachinesRemark {
  const { max } = executorsWithDefaults(options, target);
  const fits = podsPerNode(roomForPods(target), executorResources(options, target));
  const { needed, nodes, pods } = machinesFor(max, fits, target.capacity.max);
  const text = `0 to ${countNoun(max, "executor")} on at most ${machinesText(needed, target)}`;
  if (needed <= nodes) return { isWarning: false, text };
  const allowed = `${target.name} allows ${formatCount(nodes)}, so that ${formatCount(pods)} run at a time`;
  return { isWarning: true, text: `${text}; ${allowed}: use max: ${pods}, or raise the maximum of the pool` };
}
