import { formatCount } from "sweep-worker/contract";
import type { CostLine } from "./cost-line.ts";
import type { EnvironmentFacts } from "./environment.ts";
import type { ExecutorsFacts } from "./executors.ts";
import type { NodePoolFacts } from "./machines.ts";
import { dollars, type PriceRange, sum, times } from "./money.ts";
import { creditsCost, sweepCost } from "./prediction.ts";
import { hoursPerMonth, type PriceTable, pricesOf } from "./price-table.ts";
import { MESSAGES_OF_A_SLICE, messageUsd, queueTimeline } from "./queue-requests.ts";
import { freeTypes, pricedTypes } from "./resource-types.ts";
import type { Resource } from "./synthesized.ts";

export interface MonthlyCost {
  readonly lines: readonly CostLine[];
  readonly idle: PriceRange;
  readonly maximum: PriceRange;
  /** Resource types without an entry in `resource-types.ts`: the sums lack their cost. */
  readonly notPriced: readonly string[];
}

/** The monthly cost of an environment's resources. @throws ToolError if a price is missing. */
export function monthlyCost(
  resources: readonly Resource[],
  { pools, executors, storage, region }: Pick<EnvironmentFacts, "pools" | "executors" | "storage" | "region">,
  table: PriceTable,
): MonthlyCost {
  const context = { prices: pricesOf(table, region), table };
  const types = [...new Set(resources.map(({ type }) => type))].sort();
  const lines = types.flatMap((type) => {
    const own = resources.filter((resource) => resource.type === type).map(({ json }) => json);
    return pricedTypes[type]?.(own, context) ?? [];
  });
  const queues = executors.map((one) => queueLine(one, storage));
  const all = [...lines, ...pools.flatMap(poolLines), ...queues].sort(
    (a, b) => b.idle.most - a.idle.most || b.maximum.most - a.maximum.most,
  );
  return {
    lines: all,
    idle: sum(all.map(({ idle }) => idle)),
    maximum: sum(all.map(({ maximum }) => maximum)),
    notPriced: types.filter((type) => !freeTypes.has(type) && !Object.hasOwn(pricedTypes, type)),
  };
}

/** The requests of KEDA and of the executors of a size. Their machines are those of the pools. */
function queueLine(executors: ExecutorsFacts, prices: EnvironmentFacts["storage"]): CostLine {
  const { size, slots, max, sliceSeconds } = executors;
  const { pollSeconds, scaleSeconds } = queueTimeline;
  const seconds = hoursPerMonth * 3600;
  const reads = (every: number) => (seconds / every / 1_000_000) * prices.usdPerMillionQueueRequests;
  const messages = (executors.running * slots * seconds * MESSAGES_OF_A_SLICE) / sliceSeconds;
  return {
    item: `requests of executors, ${size}`,
    how: `KEDA reads the queue every ${pollSeconds} s; 0 to ${formatCount(max)} executors`,
    idle: dollars(reads(pollSeconds)),
    maximum: dollars(reads(pollSeconds) + reads(scaleSeconds) + messages * messageUsd(executors, prices)),
    lower: "no executors of this size: workload.executors in environments.ts",
  };
}

/** A pool's machines and their volumes, at its minimum and at its maximum. */
export function poolLines(pool: NodePoolFacts): CostLine[] {
  const { name, minimumNodes, maximumNodes, instanceTypes, capacityType } = pool;
  const nodes = (count: number): PriceRange => {
    const { onDemandUsd, spotUsd, volumesUsd } = sweepCost(pool, count * hoursPerMonth * 3600, 0);
    const machines = capacityType === "SPOT" ? spotUsd : dollars(onDemandUsd);
    return { least: machines.least - volumesUsd, most: machines.most - volumesUsd };
  };
  const type = `${instanceTypes[0]}${instanceTypes.length > 1 ? " and equals" : ""}${capacityType === "SPOT" ? ", spot" : ""}`;
  const volume = times(hoursPerMonth, dollars(pool.volumeUsdPerHour));
  const lines: CostLine[] = [
    {
      item: `nodes of ${name}`,
      how: `${minimumNodes} to ${maximumNodes} ${type}`,
      idle: nodes(minimumNodes),
      maximum: nodes(maximumNodes),
      lower: `a smaller minimum or type: nodePools.${name} in environments.ts`,
    },
    {
      item: `root volumes of ${name}`,
      how: `${minimumNodes} to ${maximumNodes} x ${pool.volumeSizeGiB} GB, gp3`,
      idle: times(minimumNodes, volume),
      maximum: times(maximumNodes, volume),
      lower: `nodePools.${name}.volumeSizeGiB`,
    },
  ];
  if (pool.credits === undefined) return lines;
  const hours = maximumNodes * hoursPerMonth;
  return [
    ...lines,
    {
      item: `CPU credits of ${name}`,
      how: `0 to ${maximumNodes} nodes with all vCPUs busy`,
      idle: dollars(0),
      maximum: dollars(creditsCost(pool, hours, hours * pool.vCpus)),
      lower: `a type that is not burstable, such as m5.large: nodePools.${name}.instanceTypes`,
    },
  ];
}
