import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { oneOf, show } from "../../constructs/support/problems.ts";
import { ToolError } from "../support/tool.ts";

/** AWS bills 730 hours as a month. */
export const hoursPerMonth = 730;

const day = z.string().regex(/^\d{4}-\d\d-\d\d$/);
const amount = z.number().nonnegative();

/** One price, in US dollars, of the unit it is billed in, and the page that names it. */
const price = <const Unit extends string>(per: Unit) =>
  z.strictObject({ usd: amount, per: z.literal(per), source: z.url() }).readonly();

const spotPrices = z.strictObject({ least: amount, most: amount });

const instance = z
  .strictObject({
    onDemand: amount,
    /** What it costs on the spot market, where somebody has looked. @default - `spotShareOfOnDemand` of the price */
    spot: spotPrices.extend({ date: day }).readonly().optional(),
    /** Burstable types: vCPUs that the node may keep busy all the time, before credits are charged. */
    baselineVCpus: amount.optional(),
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
    loadBalancer: price("hour"),
    gp3Volume: price("GB-month"),
    kmsKey: price("month"),
    logIngestion: price("GB"),
    logStorage: price("GB-month"),
    alarm: price("month"),
    ecrStorage: price("GB-month"),
    s3Storage: price("GB-month"),
    s3Put: price("thousand"),
    s3Get: price("thousand"),
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
    /** What a new node moves through the NAT gateway: image layers take the way to S3, which is free. */
    natGbPerNodeStart: amount,
    spotShareOfOnDemand: spotPrices.extend({ source: z.string() }).readonly(),
  })
  .readonly();

const priceTable = z
  .strictObject({
    /** The day on which the prices held. */
    date: day,
    eks: z.strictObject({ source: z.url(), endOfStandardSupport: z.record(z.string(), day) }).readonly(),
    assumptions,
    /** How long the evaluations that come with the worker take, on one core. */
    measured: z.record(z.string(), measured),
    regions: z.record(z.string(), regionPrices),
  })
  .readonly();
export type PriceTable = z.infer<typeof priceTable>;

/** Some prices of a region that the table has, or all of one that it lacks. */
const regionAdditions = regionPrices.unwrap().partial().extend({ instances: instances.partial().optional() });

/** What a file of one's own may hold: it replaces what it names, and adds what the table lacks. */
const additions = z
  .strictObject({
    date: day.optional(),
    assumptions: assumptions.unwrap().partial().optional(),
    measured: z.record(z.string(), measured).optional(),
    regions: z.record(z.string(), regionAdditions).optional(),
  })
  .readonly();

export const priceFile = join(__dirname, "prices.json");

/**
 * The prices of this repository, and those of a file of one's own.
 *
 * @param path of the file. @default - none
 * @throws ToolError that names everything that is wrong with a file.
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
  // A region that the table lacks has only what the file has of it.
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
    throw new ToolError(`prices: cannot read ${path}: ${(error as Error).message}`);
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, content: unknown, path: string): z.output<Schema> {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  - ${issue.path.join(".") || "the whole"}: ${issue.message}`);
  throw new ToolError(`prices: ${path} is not a price table (tools/cost/prices.json is one):\n${lines.join("\n")}`);
}

/** @throws ToolError that says how a region is added. */
export function pricesOf(table: PriceTable, region: string): RegionPrices {
  const prices = table.regions[region];
  if (prices !== undefined) return prices;
  throw new ToolError(
    `prices: got region ${show(region)}; allowed is ${oneOf(Object.keys(table.regions))}; add regions[${show(region)}] with all prices of us-west-2 to tools/cost/prices.json, or to a file for --prices (docs/cost.md)`,
  );
}

/** Dollars an hour of an instance type. @throws ToolError where the table lacks the type. */
export function instancePrice(table: PriceTable, region: string, type: string) {
  const found = pricesOf(table, region).instances.usdPerHour[type];
  if (found === undefined) {
    throw new ToolError(
      `prices: ${show(type)} has no price in ${region}; add regions[${show(region)}].instances.usdPerHour[${show(type)}] to tools/cost/prices.json, or to a file for --prices`,
    );
  }
  const { least, most } = table.assumptions.spotShareOfOnDemand;
  const spot = found.spot ?? { least: least * found.onDemand, most: most * found.onDemand };
  return { ...found, spot };
}
