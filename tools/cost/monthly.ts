import type { InstanceType } from "../../constructs/pools/instance-types.ts";
import type { NodePoolFacts } from "../plan/machines.ts";
import { creditsCost, sweepCost } from "../plan/prediction.ts";
import { type Dollars, dollars, sum, times } from "./money.ts";
import { poolFacts, synthesizedPools } from "./pools.ts";
import { hoursPerMonth, type PriceTable, pricesOf } from "./price-table.ts";
import { freeTypes, pricedTypes } from "./resource-types.ts";
import type { Resource } from "./synthesized.ts";

/** One line of a month's bill. */
export interface CostLine {
  readonly item: string;
  /** How it comes about: `2 x 730 h x $0.0832`. */
  readonly how: string;
  /** While nothing is computed. */
  readonly idle: Dollars;
  /** With every pool at its maximum and busy, all month. */
  readonly maximum: Dollars;
  /** What would make it less. */
  readonly lower: string;
  /** What else must be known of it. */
  readonly note?: string;
}

export interface MonthlyCost {
  readonly lines: readonly CostLine[];
  readonly idle: Dollars;
  readonly maximum: Dollars;
  /** Resource types that nobody has looked at: what they cost is missing from the sums. */
  readonly notPriced: readonly string[];
}

export interface Pricing {
  readonly table: PriceTable;
  readonly region: string;
  /** @default {} */
  readonly additionalTypes?: Readonly<Record<string, InstanceType>> | undefined;
}

/** What the resources of an environment cost in a month. @throws ToolError where a price is missing. */
export function monthlyCost(resources: readonly Resource[], pricing: Pricing): MonthlyCost {
  const { table, region } = pricing;
  const context = { prices: pricesOf(table, region), table, resources };
  const types = [...new Set(resources.map(({ type }) => type))].sort();
  const lines = types.flatMap((type) => {
    const own = resources.filter((resource) => resource.type === type).map(({ json }) => json);
    return pricedTypes[type]?.(own, context) ?? [];
  });
  const pools = synthesizedPools(resources).map((pool) => poolFacts(pool, table, region, pricing.additionalTypes));
  const all = [...lines, ...pools.flatMap(poolLines)].sort(
    (a, b) => b.idle.most - a.idle.most || b.maximum.most - a.maximum.most,
  );
  return {
    lines: all,
    idle: sum(all.map(({ idle }) => idle)),
    maximum: sum(all.map(({ maximum }) => maximum)),
    notPriced: types.filter((type) => !freeTypes.has(type) && !Object.hasOwn(pricedTypes, type)),
  };
}

/** A pool's machines and their volumes, at its minimum and at its maximum. */
export function poolLines(pool: NodePoolFacts): CostLine[] {
  const { name, minimumNodes, maximumNodes, instanceTypes, capacityType } = pool;
  const nodes = (count: number): Dollars => {
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
