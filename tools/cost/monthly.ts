import { type CostLine, incomplete } from "./cost-line.ts";
import { type PriceRange, sum } from "./money.ts";
import type { PriceTable } from "./price-table.ts";
import { type Context, freeTypes, pricedTypes } from "./resource-types.ts";
import type { Resource } from "./synthesized.ts";

export interface MonthlyCost {
  readonly lines: readonly CostLine[];
  readonly idle: PriceRange;
  readonly maximum: PriceRange;
  /** Resource types without an entry in `resource-types.ts`: the sums lack their cost. */
  readonly notPriced: readonly string[];
  /** What else the sums lack, for example `the type g6e.xlarge of the pool gpu has no price`. */
  readonly lacks: readonly string[];
}

/**
 * The monthly cost of an environment's resources. It names everything without a price, and throws nothing.
 *
 * @param region Resources without a region, for example those of a stack that only builds an image, cost nothing.
 */
export function monthlyCost(
  resources: readonly Resource[],
  region: string | undefined,
  table: PriceTable,
): MonthlyCost {
  const prices = region === undefined ? undefined : table.regions[region];
  const types = [...new Set(resources.map(({ type }) => type))].sort();
  const lines = prices === undefined ? [] : types.flatMap((type) => linesOf(type, { prices, table, resources }));
  const hasPrices = types.some((type) => Object.hasOwn(pricedTypes, type));
  lines.sort((a, b) => b.idle.most - a.idle.most || b.maximum.most - a.maximum.most);
  return {
    lines,
    idle: sum(lines.map(({ idle }) => idle)),
    maximum: sum(lines.map(({ maximum }) => maximum)),
    notPriced: types.filter((type) => !freeTypes.has(type) && !Object.hasOwn(pricedTypes, type)),
    lacks: [
      ...(region === undefined && hasPrices ? ["the region of the resources is not known"] : []),
      ...(prices === undefined && region !== undefined ? [`the region ${region} has no prices`] : []),
      ...lines.flatMap(({ lacks = [] }) => lacks),
    ],
  };
}

/** The lines of a type. Stacks of another commit may hold resources in another form, which must not end a diff. */
function linesOf(type: string, context: Context): CostLine[] {
  const own = context.resources.filter((resource) => resource.type === type).map(({ json }) => json);
  try {
    return (pricedTypes[type]?.(own, context) ?? []).map(knownLine);
  } catch (error) {
    return [incomplete(type, [`the cost of ${type} is not known: ${(error as Error).message}`])];
  }
}

/** A number that is written as a reference of Terraform makes the amounts NaN. */
function knownLine(line: CostLine): CostLine {
  const amounts = [line.idle, line.maximum].flatMap(({ least, most }) => [least, most]);
  return amounts.every(Number.isFinite) ? line : incomplete(line.item, [`the cost of ${line.item} is not known`]);
}
