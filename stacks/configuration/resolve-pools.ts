import {
  contradictionProblems,
  figuresProblems,
  instanceTypesWith,
  instanceTypes as knownTypes,
} from "../../constructs/pools/instance-types.ts";
import { NodePool } from "../../constructs/pools/node-pool.ts";
import type { NodePoolOptions } from "../../constructs/pools/node-pool-options.ts";
import { type ExecutorSize, roomForPods } from "../../constructs/pools/node-target.ts";
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
    const figures = Object.hasOwn(instanceTypes, type) ? instanceTypes[type] : undefined;
    if (figures === undefined) return malformed.in("instanceTypes").whole && !Object.hasOwn(knownTypes, type);
    return malformed.in("instanceTypes", type).any || figuresProblems(figures).length > 0;
  });
  // The instance types show the intention.
  const gpu = here.in("gpu").any ? hasGpu(options, instanceTypes) : options.gpu;
  const pool = attempt(() => new NodePool({ ...options, name, gpu, additionalInstanceTypes: instanceTypes }));
  const derived = pool.ok ? [...noRoomProblems(pool.value), ...missingGpuProblems(pool.value)] : problemsIn(pool);
  const own = derived
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

/** A node whose DaemonSets take all of it holds no pod, and the autoscaler would buy one after another. */
function noRoomProblems(pool: NodePool): Problem[] {
  const { cpuMillis, memoryMiB, pods } = roomForPods(pool);
  if (cpuMillis > 0 && memoryMiB > 0 && pods > 0) return [];
  const allowed = "types that have room for pods beside the kubelet and the DaemonSets";
  const got = `${show(pool.instanceTypes)} with ${cpuMillis} thousandths of a core, ${memoryMiB} MiB and ${pods} pods left`;
  return [{ path: ["instanceTypes"], allowed, got, fix: "use larger types" }];
}

/** Jobs of the size gpu, and pods that tolerate the taint, come for a GPU. */
function missingGpuProblems({ gpu, labels, taints }: NodePool): Problem[] {
  const isSize = labels["executor-size"] === ("gpu" satisfies ExecutorSize);
  const isTainted = taints.some(({ key }) => key === "nvidia.com/gpu");
  if (gpu || !(isSize || isTainted)) return [];
  const sign = isSize ? "label executor-size: gpu" : "taint nvidia.com/gpu";
  const fix = `use gpu: true and a type with a GPU, or remove the ${sign.split(":")[0]}`;
  return [{ path: ["gpu"], allowed: `true in a pool with the ${sign}`, got: show(gpu), fix }];
}

function hasGpu({ instanceTypes }: NodePoolOptions, own: NonNullable<Environment["instanceTypes"]>): boolean {
  const known = instanceTypesWith(own);
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
    const all = [first.value, ...others.flatMap((pool) => (pool.ok ? [pool.value] : []))] as const;
    return checked(all, loneSpotProblems(all));
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

/** One interruption of one spot node would stop DNS and the autoscaler together, and then nothing buys its successor. */
function loneSpotProblems(alwaysOn: readonly NodePool[]): Problem[] {
  const nodes = alwaysOn.reduce((sum, { capacity }) => sum + capacity.min, 0);
  const [{ name } = { name: "" }] = alwaysOn;
  if (nodes > 1 || alwaysOn.some(({ capacityType }) => capacityType === "ON_DEMAND")) return [];
  const allowed = "ON_DEMAND where a single node runs everything that must always run";
  const fix = "EC2 can take a spot node back at any time, so use ON_DEMAND, or a minimum of 2 nodes";
  return [{ path: ["nodePools", name, "capacityType"], allowed, got: show("SPOT"), fix }];
}

export function resolveInstanceTypes(
  { instanceTypes }: Environment,
  malformed: Malformed,
): Resolution<Environment["instanceTypes"]> {
  if (instanceTypes === undefined) return resolved(undefined);
  const types = Object.entries(instanceTypes).map(([name, figures]) => {
    const own = figuresProblems(figures);
    // A figure that no machine has is reported once.
    const all = own.length > 0 ? own : contradictionProblems(name, figures);
    const problems = malformed.in("instanceTypes", name).untouched(all);
    return [name, checked(figures, within(["instanceTypes", name], [...typeNameProblems(name), ...problems]))] as const;
  });
  return all<NonNullable<Environment["instanceTypes"]>>(Object.fromEntries(types));
}

/** @see https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html */
function typeNameProblems(name: string): Problem[] {
  if (/^[a-z][a-z0-9-]*\.[a-z0-9][a-z0-9-]*$/.test(name)) return [];
  const allowed = "named after an EC2 instance type, <family>.<size>";
  return [{ path: [], allowed, got: show(name), fix: 'use for example "m7i.large"' }];
}
