import type { PriceRange } from "./money.ts";
import { monthlyCost } from "./monthly.ts";
import type { PriceTable } from "./price-table.ts";
import { resourcesOf } from "./synthesized.ts";

/** The monthly bill of an environment. */
export interface Bill {
  /** While nothing is computed. */
  readonly idle: PriceRange;
  /** With every pool at its maximum and busy, all month. */
  readonly maximum: PriceRange;
  /** What the amounts lack, for example `the region eu-central-1 has no prices`. Empty if everything has a price. */
  readonly lacks: readonly string[];
}

/** A synthesized stack. */
interface StackJson {
  readonly id: string;
  /** The Terraform JSON. */
  readonly json: string;
}

/**
 * The monthly bill of an environment, from its synthesized stacks alone: another commit is priced without its `environments.ts`. It throws
 * nothing about prices.
 *
 * @param stacks those of other environments are ignored.
 */
export function billOf(environment: string, stacks: readonly StackJson[], table: PriceTable): Bill {
  const own = stacks.filter(({ id }) => id.startsWith(`${environment}-`)).map(({ json }) => JSON.parse(json));
  const resources = own.flatMap(resourcesOf);
  const region = own.map(regionOf).find((found) => found !== undefined);
  const { idle, maximum, notPriced, lacks } = monthlyCost(resources, region, table);
  return { idle, maximum, lacks: [...lacks, ...notPriced.map((type) => `the resource type ${type} is not known`)] };
}

/** The region of a stack: that of its provider of AWS, or the one in which its other providers get their tokens. */
// biome-ignore lint/suspicious/noExplicitAny: Terraform JSON.
function regionOf({ provider = {} }: any): string | undefined {
  return provider.aws?.[0].region ?? /"--region","([^"]+)"/.exec(JSON.stringify(provider))?.[1];
}
