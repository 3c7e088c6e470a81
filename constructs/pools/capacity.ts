import { z } from "zod";
import { number, type ShapeOf, withFix, word } from "../support/fields.ts";
import type { Problem } from "../support/problems.ts";

/** EKS refuses a larger managed node group ("Nodes per managed node group" in its service quotas). */
const maximumNodesPerGroup = 450;

const capacityModes = ["fixed", "dynamic", "fromZero"] as const;

/**
 * Number of nodes of a pool. Write it with {@link fixed}, {@link dynamic} or {@link fromZero}, for example `fromZero(50)`.
 */
export interface Capacity {
  /** The function that wrote the two numbers. */
  readonly mode: (typeof capacityModes)[number];
  /** Nodes that run, and cost money, even when no pod waits: a whole number from 0. */
  readonly min: number;
  /** Nodes at most: a whole number from 1 to 450. Pods that need more stay pending. */
  readonly max: number;
}

const allowedMinimum = "a whole number from 0";
const allowedMaximum = `a whole number from 1 to ${maximumNodesPerGroup}`;

/** Schema of a {@link Capacity}. */
export const capacitySchema = z
  .strictObject({
    mode: word(capacityModes, { example: "fromZero" }),
    min: number({ allowed: allowedMinimum, example: 0 }),
    max: number({ allowed: allowedMaximum, example: 50 }),
  } satisfies ShapeOf<Capacity>)
  .meta(
    withFix({
      allowed: "fixed(nodes), dynamic(min, max) or fromZero(max)",
      example: { mode: "fromZero", min: 0, max: 50 },
      fix: "use for example fromZero(50)",
    }),
  );

/**
 * Always the same number of nodes, for example `fixed(5)`. Idle nodes cost as much as busy ones: five c5.xlarge are about
 * $600 a month.
 */
export function fixed(nodes: number): Capacity {
  return { mode: "fixed", min: nodes, max: nodes };
}

/** As many nodes as pods need, between two limits, for example `dynamic(2, 20)`. */
export function dynamic(min: number, max: number): Capacity {
  return { mode: "dynamic", min, max };
}

/**
 * No node, and no cost, until a pod waits; then as many nodes as pods need, for example `fromZero(50)`.
 * The first pod waits two to four minutes for its node.
 */
export function fromZero(max: number): Capacity {
  return { mode: "fromZero", min: 0, max };
}

/** A capacity as its author wrote it: `dynamic(2, 20)`. */
export function showCapacity({ mode, min, max }: Capacity): string {
  return mode === "dynamic" ? `dynamic(${min}, ${max})` : `${mode}(${max})`;
}

/** Checks a capacity; `path` is relative to the capacity. */
export function capacityProblems(capacity: Capacity): Problem[] {
  const { mode, min, max } = capacity;
  const problem = (allowed: string, fix: string, got = showCapacity(capacity)) => [{ path: [], allowed, got, fix }];
  if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0) {
    return problem("written in whole numbers from 0", "use whole nodes");
  }
  if (mode === "fixed" && min !== max) {
    return problem("a fixed number of nodes", `write dynamic(${min}, ${max})`, `min ${min} and max ${max}`);
  }
  if (mode === "fromZero" && min !== 0) {
    return problem("a range from 0", `write dynamic(${min}, ${max})`, `min ${min} and max ${max}`);
  }
  if (min > max) {
    return problem("a range from a smaller to a larger number", `write dynamic(${max}, ${min})`);
  }
  if (max < 1) {
    return problem("at least 1 node", "EKS has no empty node groups, so allow 1 node or remove the pool");
  }
  if (max > maximumNodesPerGroup) {
    return problem(
      `at most ${maximumNodesPerGroup} nodes`,
      "EKS allows no larger node group, so add a second pool with the same labels and taints",
    );
  }
  return [];
}
