import { readFileSync } from "node:fs";
import { oneOf, show } from "sweep-worker/contract";
import { z } from "zod";
import {
  assumptions,
  day,
  instances,
  measured,
  type PriceTable,
  priceFile,
  priceTable,
  type RegionPrices,
  regionPrices,
  spotOf,
  spotPrices,
} from "../../stacks/prices/price-table.ts";
import { refusal, ToolError } from "../support/tool.ts";
import type { PriceRange } from "./money.ts";

export type { PriceTable, RegionPrices };

/** AWS bills 730 hours as a month. */
export const hoursPerMonth = 730;

/** Overrides for a known region, or a complete new region. */
const regionAdditions = regionPrices.unwrap().partial().extend({ instances: instances.partial().optional() });

const { spotShareOfOnDemand: _, ...amounts } = assumptions.unwrap().shape;
const ownAmounts = Object.keys(amounts).map((name) => [name, z.number().nonnegative().optional()]);
/** Assumptions of a user's own: the amounts alone. */
const ownAssumptions = z.strictObject({
  ...(Object.fromEntries(ownAmounts) as Record<keyof typeof amounts, z.ZodOptional<z.ZodNumber>>),
  spotShareOfOnDemand: spotPrices.optional(),
});

/** A user's own file: its entries replace those of the table, or are added. */
const additions = z
  .strictObject({
    date: day.optional(),
    assumptions: ownAssumptions.optional(),
    measured: z.record(z.string(), measured).optional(),
    regions: z.record(z.string(), regionAdditions).optional(),
  })
  .readonly();

/**
 * The prices of this repository, with those of a user's own file.
 *
 * @param path of the file. @default - none
 * @throws ToolError that lists all problems of a file.
 */
export function readPrices(path?: string): PriceTable {
  const table = parse(priceTable, read(priceFile), priceFile);
  if (path === undefined) return table;
  const own = parse(additions, read(path), path);
  const regions = Object.entries(own.regions ?? {}).map(([name, prices]) => [
    name,
    withOwn(table.regions[name], prices),
  ]);
  const whole = {
    ...table,
    date: own.date ?? table.date,
    assumptions: withOwnAssumptions(table.assumptions, own.assumptions ?? {}, path),
    measured: { ...table.measured, ...own.measured },
    regions: { ...table.regions, ...Object.fromEntries(regions) },
  };
  // A new region must be complete in the file.
  return parse(priceTable, whole, path);
}

function withOwnAssumptions(
  known: PriceTable["assumptions"],
  own: z.infer<typeof ownAssumptions>,
  path: string,
): unknown {
  const changed = Object.entries(own).map(([name, value]) => [
    name,
    {
      ...known[name as keyof typeof known],
      ...(typeof value === "number" ? { value } : value),
      why: `written in ${path}`,
    },
  ]);
  return { ...known, ...Object.fromEntries(changed) };
}

function withOwn(known: RegionPrices | undefined, own: z.infer<typeof regionAdditions>): unknown {
  const usdPerHour = { ...known?.instances.usdPerHour, ...own.instances?.usdPerHour };
  return { ...known, ...own, instances: { ...known?.instances, ...own.instances, usdPerHour } };
}

function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw refusal("--prices", "a readable file of JSON", path, (error as Error).message);
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, content: unknown, path: string): z.output<Schema> {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  - ${issue.path.join(".") || "the file"}: ${issue.message}`);
  throw new ToolError(`${path} must have the form of stacks/prices/prices.json:\n${lines.join("\n")}`);
}

/** @throws ToolError for an unknown region, with the steps to add it. */
export function pricesOf(table: PriceTable, region: string): RegionPrices {
  const prices = table.regions[region];
  if (prices !== undefined) return prices;
  const fix = `add regions[${show(region)}] with all prices of us-west-2 to stacks/prices/prices.json, or to a file for --prices (docs/cost.md)`;
  throw refusal("region", oneOf(Object.keys(table.regions)), region, fix);
}

/** Dollars per hour of an instance type. @throws ToolError if the table lacks the type. */
export function instancePrice(table: PriceTable, region: string, type: string) {
  const found = pricesOf(table, region).instances.usdPerHour[type];
  if (found === undefined) {
    const fix = `add regions[${show(region)}].instances.usdPerHour[${show(type)}] to stacks/prices/prices.json, or to a file for --prices`;
    throw refusal("instanceTypes", `a type with a price in ${region}`, type, fix);
  }
  return { ...found, spot: spotRange(table, found) };
}

/**
 * The prices of a type as a spot instance, from the least that is assumed to the worst. A spot price can rise to the on-demand price, and the
 * node group of a pool sets no lower limit.
 */
export function spotRange(table: PriceTable, price: Parameters<typeof spotOf>[1]): PriceRange {
  return { least: spotOf(table, price).least, most: price.onDemand };
}
