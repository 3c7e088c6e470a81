import type { Problem } from "../support/problems.ts";

/** How many nodes a pool may have. Written with {@link fixed}, {@link dynamic} or {@link fromZero}. */
export interface Capacity {
  readonly mode: "fixed" | "dynamic" | "fromZero";
  /** Nodes that run, and are paid for, even when nothing waits. */
  readonly min: number;
  /** Nodes beyond which pods stay pending. */
  readonly max: number;
}

/**
 * Always the same number of nodes, for example `fixed(5)`, paid for busy or idle: five c5.xlarge are about $600 a month.
 */
export function fixed(nodes: number): Capacity {
  return { mode: "fixed", min: nodes, max: nodes };
}

/** Between two numbers of nodes as pods need them, for example `dynamic(2, 20)`. */
export function dynamic(min: number, max: number): Capacity {
  return { mode: "dynamic", min, max };
}

/**
 * No node, and no cost, until a pod waits; then as many as pods need, for example `fromZero(50)`.
 * The first pod waits two to four minutes for its node.
 */
export function fromZero(max: number): Capacity {
  return { mode: "fromZero", min: 0, max };
}

/** A capacity as its author wrote it: `dynamic(2, 20)`. */
export function showCapacity({ mode, min, max }: Capacity): string {
  return mode === "dynamic" ? `dynamic(${min}, ${max})` : `${mode}(${max})`;
}

/** EKS refuses a larger managed node group ("Nodes per managed node group" in its service quotas). */
const maximumNodesPerGroup = 450;

/** What is wrong with a capacity; `path` is relative to the capacity. */
export function capacityProblems(capacity: Capacity): Problem[] {
  const { mode, min, max } = capacity;
  const problem = (what: string, allowed: string, fix: string, got = showCapacity(capacity)): Problem[] => [
    { path: [], what, got, allowed, fix },
  ];
  if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0) {
    return problem("is not made of whole numbers", "whole numbers from 0", "write whole nodes");
  }
  if ((mode === "fixed" && min !== max) || (mode === "fromZero" && min !== 0)) {
    const allowed = mode === "fixed" ? "min equal to max" : "min 0";
    return problem(
      `is ${mode} with another minimum`,
      allowed,
      `write dynamic(${min}, ${max})`,
      `min ${min}, max ${max}`,
    );
  }
  if (min > max) {
    return problem("has a minimum above its maximum", "min <= max", `write dynamic(${max}, ${min})`);
  }
  if (max < 1) {
    return problem(
      "allows no node",
      "a maximum of at least 1, the least EKS takes",
      "remove the pool or allow one node",
    );
  }
  if (max > maximumNodesPerGroup) {
    const fix = "add a second pool with the same labels and taints";
    return problem("is more than EKS allows in one group", `${maximumNodesPerGroup} nodes at most`, fix);
  }
  return [];
}
