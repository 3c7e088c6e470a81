import { executorsRemark } from "../../constructs/queue/executors-machines.ts";
import { executorResources } from "../../constructs/queue/executors-problems.ts";
import { type MachinesRemark, machinesFor, podsPerNode } from "../../constructs/workload/job-machines.ts";
import type { ResolvedExecutors } from "../../stacks/configuration/resolved-environment.ts";
import type { NodePoolFacts, PodShape } from "./machines.ts";

/** The executors of one size, as the scheduler and the bill see them. */
export interface ExecutorsFacts {
  readonly size: string;
  /** A node of their pool, or of the first of several pools, as that of a job. */
  readonly node: NodePoolFacts;
  readonly pod: PodShape;
  /** Evaluations that an executor runs at the same time. */
  readonly slots: number;
  /** Executors at most. */
  readonly max: number;
  readonly sliceSeconds: number;
  /** On how many machines all of them run. */
  readonly machines: MachinesRemark;
  /** Machines of all that run at the same time, as far as the pools allow. */
  readonly nodes: number;
  /** Executors that run at the same time, at most. */
  readonly running: number;
}

/** @param nodeOf the facts of a target's nodes. */
export function executorsFacts(
  { options, target }: ResolvedExecutors,
  nodeOf: (target: ResolvedExecutors["target"]) => NodePoolFacts,
): ExecutorsFacts {
  const { size, max, slots, sliceSeconds } = options;
  const node = nodeOf(target);
  // An executor has no limit, and each of its evaluations computes one parameter at a time.
  const pod = { ...executorResources(options, target), cpuLimitMillis: Number.POSITIVE_INFINITY };
  const { nodes, pods: running } = machinesFor(max, podsPerNode(node.room, pod), node.maximumNodes);
  return { size, node, pod, slots, max, sliceSeconds, machines: executorsRemark(options, target), nodes, running };
}
