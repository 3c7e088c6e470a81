import { readFileSync } from "node:fs";
import { join } from "node:path";
import { oneOf, show } from "sweep-worker/contract";
import { z } from "zod";
import { refusal, ToolError } from "../support/tool.ts";

/** AWS bills 730 hours as a month. */
export const hoursPerMonth = 730;

const day = z.string().regex(/^\d{4}-\d\d-\d\d$/);
const amount = z.number().nonnegative();

/** One price in US dollars, with its billing unit and the page that states it. */
const price = <const Unit extends string>(per: Unit) =>
  z.strictObject({ usd: amount, per: z.literal(per), source: z.url() }).readonly();

const spotPrices = z.strictObject({ least: amount, most: amount });

const instance = z
  .strictObject({
    onDemand: amount,
    /** A spot price that somebody has looked up. @default - `spotShareOfOnDemand` of the price */
    spot: spotPrices.extend({ date: day }).readonly().optional(),
    /** Burstable types: vCPUs that the node may keep busy all the time without being charged for credits. */
    baselineVCpus: amount.optional(),
    /** Burstable types: the price of a vCPU above the baseline. @default - `cpuCredits` of the region */
    creditUsdPerVCpuHour: amount.optional(),
  })
  .readonly();

const instances = z.strictObject({ source: z.url(), usdPerHour: z.record(z.string(), instance) });

const regionPrices = z
  .strictObject({
    eksClusterStandard: price("hour"),
    eksClusterExtended: price("hour"),
    natGateway: price("hour"),
    natGatewayData: price("GB"),
    publicIpv4Address: price("hour"),
    /** In each zone. */
    interfaceEndpoint: price("hour"),
    gp3Volume: price("GB-month"),
    kmsKey: price("month"),
    logIngestion: price("GB"),
    logStorage: price("GB-month"),
    ecrStorage: price("GB-month"),
    s3Storage: price("GB-month"),
    /** Requests that store or list. */
    s3Put: price("thousand"),
    s3Get: price("thousand"),
    sqsRequest: price("million"),
    cpuCredits: price("vCPU-hour"),
    /** Linux, shared tenancy. */
    instances: instances.readonly(),
  })
  .readonly();
export type RegionPrices = z.infer<typeof regionPrices>;

const measured = z.strictObject({ secondsPerParameter: z.number().positive(), how: z.string() }).readonly();

const assumptions = z
  .strictObject({
    controlPlaneLogGbPerMonth: amount,
    flowLogGbPerMonth: amount,
    imageGbInRegistry: amount,
    resultsGbInBucket: amount,
    /** Traffic of a new node through the NAT gateway. Image layers come through the free endpoint of S3. */
    natGbPerNodeStart: amount,
    spotShareOfOnDemand: spotPrices.extend({ source: z.string() }).readonly(),
  })
  .readonly();

const priceTable = z
  .strictObject({
    /** The day of the prices. */
    date: day,
    eks: z.strictObject({ source: z.url(), endOfStandardSupport: z.record(z.string(), day) }).readonly(),
    assumptions,
    /** Times of the worker's own evaluations, on one core. */
    measured: z.record(z.string(), measured),
    regions: z.record(z.string(), regionPrices),
  })
  .readonly();
export type PriceTable = z.infer<typeof priceTable>;

/** Overrides for a known region, or a complete new region. */
const regionAdditions = regionPrices.unwrap().partial().extend({ instances: instances.partial().optional() });

/** A user's own file: its entries replace those of the table, or are added. */
const additions = z
  .strictObject({
    date: day.optional(),
    assumptions: assumptions.unwrap().partial().optional(),
    measured: z.record(z.string(), measured).optional(),
    regions: z.record(z.string(), regionAdditions).optional(),
  })
  .readonly();

const priceFile = join(__dirname, "prices.json");

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
    assumptions: { ...table.assumptions, ...own.assumptions },
    measured: { ...table.measured, ...own.measured },
    regions: { ...table.regions, ...Object.fromEntries(regions) },
  };
  // A new region must be complete in the file.
  return parse(priceTable, whole, path);
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
  throw new ToolError(`${path} must have the form of tools/cost/prices.json:\n${lines.join("\n")}`);
}

/** @throws ToolError for an unknown region, with the steps to add it. */
export function pricesOf(table: PriceTable, region: string): RegionPrices {
  const prices = table.regions[region];
  if (prices !== undefined) return prices;
  const fix = `add regions[${show(region)}] with all prices of us-west-2 to tools/cost/prices.json, or to a file for --prices (docs/cost.md)`;
  throw refusal("region", oneOf(Object.keys(table.regions)), region, fix);
}

/** Dollars per hour of an instance type. @throws ToolError if the table lacks the type. */
export function instancePrice(table: PriceTable, region: string, type: string) {
  const found = pricesOf(table, region).instances.usdPerHour[type];
  if (found === undefined) {
    const fix = `add regions[${show(region)}].instances.usdPerHour[${show(type)}] to tools/cost/prices.json, or to a file for --prices`;
    throw refusal("instanceTypes", `a type with a price in ${region}`, type, fix);
  }
  const { least, most } = table.assumptions.spotShareOfOnDemand;
  const spot = found.spot ?? { least: least * found.onDemand, most: most * found.onDemand };
  return { ...found, spot };
}
