import { figuresProblems, instanceTypes as knownTypes } from "../../constructs/pools/instance-types.ts";
import { NodePool } from "../../constructs/pools/node-pool.ts";
import type { NodePoolOptions } from "../../constructs/pools/node-pool-options.ts";
import { oneOf, type Problem, show, within } from "../../constructs/support/problems.ts";
import type { Malformed } from "./malformed.ts";
import { all, attempt, checked, problemsIn, type Resolution, refused, resolved } from "./resolution.ts";
import type { ResolvedEnvironment } from "./resolved-environment.ts";
import type { Environment } from "./schema.ts";

/** The pools of an environment, each resolved or refused on its own, so that jobs on the others can be checked. */
export type Pools = Readonly<Record<string, Resolution<NodePool>>>;

export function resolvePools(environment: Environment, malformed: Malformed): Pools {
  return Object.fromEntries(
    Object.entries(environment.nodePools).map(([name, pool]) => [
      name,
      resolvePool(name, pool, environment, malformed),
    ]),
  );
}

function resolvePool(
  name: string,
  options: NodePoolOptions,
  { instanceTypes = {}, availabilityZones }: Environment,
  malformed: Malformed,
): Resolution<NodePool> {
  const here = malformed.in("nodePools", name);
  // Sizes cannot be compared with wrong figures, which are reported already.
  const uncertainTypes = options.instanceTypes.some((type) => {
    const figures = instanceTypes[type];
    if (figures === undefined) return malformed.in("instanceTypes").whole && !Object.hasOwn(knownTypes, type);
    return malformed.in("instanceTypes", type).any || figuresProblems(figures).length > 0;
  });
  // The instance types show the intention.
  const gpu = here.in("gpu").any ? hasGpu(options, instanceTypes) : options.gpu;
  const pool = attempt(() => new NodePool({ ...options, name, gpu, additionalInstanceTypes: instanceTypes }));
  const own = problemsIn(pool)
    .filter(({ path }) => !(uncertainTypes && path[0] === "instanceTypes"))
    // Wrong figures are reported where the environment has them.
    .filter(({ path }) => path[0] !== "additionalInstanceTypes")
    // The name of a pool is its key.
    .map((problem) => (problem.path[0] === "name" ? { ...problem, path: [] } : problem));
  const problems = [...own, ...zoneProblems(options, availabilityZones, malformed.in("availabilityZones"))];
  if (pool.ok && problems.length === 0 && !here.any && !uncertainTypes) return pool;
  return refused(
    within(
      ["nodePools", name],
      problems.filter(({ path }) => path.length === 0 || !here.in(...path).any),
    ),
  );
}

function hasGpu({ instanceTypes }: NodePoolOptions, own: NonNullable<Environment["instanceTypes"]>): boolean {
  const known = { ...knownTypes, ...own };
  return instanceTypes.some((type) => (known[type]?.gpus ?? 0) > 0);
}

function zoneProblems(pool: NodePoolOptions, zones: readonly string[], malformed: Malformed): Problem[] {
  if (malformed.any) return [];
  return (pool.availabilityZones ?? []).flatMap((zone, index) => {
    if (zones.includes(zone)) return [];
    const fix = "name one of these, or add the zone to the environment's availabilityZones";
    return [{ path: ["availabilityZones", index], allowed: oneOf(zones), got: show(zone), fix }];
  });
}

/** The pools without taints that always have a node. Without one, CoreDNS and the cluster autoscaler stay pending. */
export function resolveAlwaysOnPools(
  { nodePools }: Environment,
  pools: Pools,
  malformed: Malformed,
): Resolution<ResolvedEnvironment["alwaysOnPools"]> {
  const untainted = Object.entries(nodePools).filter(([, { taints = [] }]) => taints.length === 0);
  const alwaysOn = untainted.filter(([, { capacity }]) => capacity.min >= 1);
  const [first, ...others] = alwaysOn.flatMap(([name]) => pools[name] ?? []);
  if (first !== undefined) {
    if (!first.ok || others.some((pool) => !pool.ok)) return refused([]);
    return resolved([first.value, ...others.flatMap((pool) => (pool.ok ? [pool.value] : []))]);
  }
  // A malformed pool may have been meant for it.
  if (malformed.in("nodePools").any) return refused([]);
  const found = untainted.map(([name, { capacity }]) => `${name} with a minimum of ${capacity.min}`).join(", ");
  return refused([
    {
      path: ["nodePools"],
      allowed: "an object with at least one pool that has no taints and a minimum of 1 node or more",
      got: found === "" ? "no pool without taints" : found,
      fix: 'CoreDNS runs there; add for example general: { instanceTypes: ["t3.large"], capacity: dynamic(2, 10) }',
    },
  ]);
}

export function resolveInstanceTypes(
  { instanceTypes }: Environment,
  malformed: Malformed,
): Resolution<Environment["instanceTypes"]> {
  if (instanceTypes === undefined) return resolved(undefined);
  const types = Object.entries(instanceTypes).map(([name, figures]) => {
    const problems = malformed.in("instanceTypes", name).untouched(figuresProblems(figures));
    return [name, checked(figures, within(["instanceTypes", name], problems))] as const;
  });
  return all<NonNullable<Environment["instanceTypes"]>>(Object.fromEntries(types));
}
