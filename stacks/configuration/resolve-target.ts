import type { NodePool } from "../../constructs/pools/node-pool.ts";
import { type ExecutorSize, executorsOfSize, type NodeTarget } from "../../constructs/pools/node-target.ts";
import { oneOf, show } from "../../constructs/support/problems.ts";
import type { Malformed } from "./malformed.ts";
import { type Resolution, refused, resolved } from "./resolution.ts";
import type { Pools } from "./resolve-pools.ts";
import type { Environment, Job } from "./schema.ts";

/** The pools of an environment, as jobs and executors see them. */
export interface Pooled {
  readonly pools: Pools;
  readonly nodePools: Environment["nodePools"];
  /** As the environment sees it. */
  readonly malformed: Malformed;
}

/** The nodes of a job: a pool, or all pools of a size. */
export function resolveTarget(job: Job, malformed: Malformed, surroundings: Pooled): Resolution<NodeTarget> {
  const { nodePool, size } = job;
  if (malformed.in("nodePool").any || malformed.in("size").any) return refused([]);
  if (nodePool !== undefined && size !== undefined) {
    const got = `${show(nodePool)} and size ${show(size)}`;
    const fix = "remove the one that you do not mean";
    return refused([{ path: ["nodePool"], allowed: "left out when there is a size", got, fix }]);
  }
  if (size !== undefined) return resolveSize(size, surroundings, true);
  if (nodePool !== undefined) return resolvePoolOf(nodePool, surroundings);
  const fix = 'use for example nodePool: "executor"';
  return refused([{ path: ["nodePool"], allowed: "given when there is no size", got: "nothing", fix }]);
}

function resolvePoolOf(nodePool: string, { pools, malformed }: Pooled): Resolution<NodeTarget> {
  const pool = Object.hasOwn(pools, nodePool) ? pools[nodePool] : undefined;
  // The problems of a pool are reported where it is written.
  if (pool !== undefined) return pool.ok ? pool : refused([]);
  if (malformed.in("nodePools").whole) return refused([]);
  const names = Object.keys(pools);
  const fix = `name one of these, or add the pool ${show(nodePool)} to nodePools`;
  const allowed = names.length === 0 ? "the name of a pool" : oneOf(names);
  return refused([{ path: ["nodePool"], allowed, got: show(nodePool), fix }]);
}

/**
 * All pools of a size.
 *
 * @param orPool whether its author may name a pool instead.
 */
export function resolveSize(
  size: ExecutorSize,
  { pools, nodePools, malformed }: Pooled,
  orPool: boolean,
): Resolution<NodeTarget> {
  const labels = Object.entries(nodePools).map(([name, pool]) => [name, pool.labels?.["executor-size"]] as const);
  const sized = labels.flatMap(([name, label]) => (label === size ? (pools[name] ?? []) : []));
  const right: NodePool[] = sized.flatMap((pool) => (pool.ok ? [pool.value] : []));
  // A job must fit on every pool of its size, so the valid pools are enough to find a problem.
  const target = executorsOfSize(right, size);
  if (target !== undefined) return resolved(target);
  if (sized.length > 0) return refused([]);
  if (Object.keys(nodePools).some((name) => malformed.in("nodePools", name, "labels").any)) return refused([]);
  if (malformed.in("nodePools").whole) return refused([]);
  const sizes = [...new Set(labels.flatMap(([, label]) => label ?? []))];
  const none = `${orPool ? "left out" : "that of a pool"}, ${orPool ? "because" : "but"} no pool has the label executor-size`;
  const allowed = sizes.length === 0 ? none : oneOf(sizes.map(show));
  const fix = `label a pool with "executor-size": ${show(size)}${orPool ? ", or name a pool" : ""}`;
  return refused([{ path: ["size"], allowed, got: show(size), fix }]);
}
