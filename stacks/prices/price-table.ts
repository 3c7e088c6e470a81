import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** The prices of this repository. The tools for costs read it, and the services show it. */
export const priceFile = join(__dirname, "prices.json");

export const day = z.string().regex(/^\d{4}-\d\d-\d\d$/);
const amount = z.number().nonnegative();

/** The day on which somebody compared a price with its page; null if nobody wrote one down. */
const comparedOn = day.nullable().optional();

/** One price in US dollars, with its billing unit and the page that states it. */
const price = <const Unit extends string>(per: Unit) =>
  z.strictObject({ usd: amount, per: z.literal(per), source: z.url(), date: comparedOn }).readonly();

export const spotPrices = z.strictObject({ least: amount, most: amount });

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

export const instances = z.strictObject({
  source: z.url(),
  date: comparedOn,
  /** The list with which they were compared, if it was not the page. */
  comparedWith: z.string().optional(),
  usdPerHour: z.record(z.string(), instance),
});

export const regionPrices = z
  .strictObject({
    eksClusterStandard: price("hour"),
    eksClusterExtended: price("hour"),
    natGateway: price("hour"),
    natGatewayData: price("GB"),
    /** Between the zones of a region. Each GB is billed where it leaves and where it arrives. */
    crossZoneData: price("GB and direction"),
    publicIpv4Address: price("hour"),
    /** In each zone. */
    interfaceEndpoint: price("hour"),
    interfaceEndpointData: price("GB"),
    loadBalancer: price("hour"),
    /** Of a load balancer: for example 25 new connections a second, or 1 GB an hour. */
    loadBalancerCapacityUnit: price("hour"),
    gp3Volume: price("GB-month"),
    kmsKey: price("month"),
    kmsRequest: price("ten thousand"),
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

export const measured = z.strictObject({ secondsPerParameter: z.number().positive(), how: z.string() }).readonly();

const reason = { unit: z.string(), why: z.string() };
const assumption = z.strictObject({ value: amount, ...reason }).readonly();

/** Amounts that nobody knows before the bill, each with its unit and its reason. */
export const assumptions = z
  .strictObject({
    controlPlaneLogGbPerMonth: assumption,
    flowLogGbPerMonth: assumption,
    imageGbInRegistry: assumption,
    resultsGbInBucket: assumption,
    /** Traffic of the nodes that are always on through the NAT gateway. */
    natGbPerMonth: assumption,
    /** That of a new node. Image layers come through the free endpoint of S3. */
    natGbPerNodeStart: assumption,
    natGbPerBusyNodeHour: assumption,
    /** Traffic between zones while nothing is computed. */
    crossZoneGbPerMonth: assumption,
    crossZoneGbPerBusyNodeHour: assumption,
    kmsRequestsPerMonth: assumption,
    workersPerBusyVCpu: assumption,
    spotShareOfOnDemand: spotPrices.extend(reason).readonly(),
  })
  .readonly();

export const priceTable = z
  .strictObject({
    /** The day of the table. Each price has the day of its own on which somebody compared it. */
    date: day,
    eks: z.strictObject({ source: z.url(), endOfStandardSupport: z.record(z.string(), day) }).readonly(),
    assumptions,
    /** Parts of AWS's bill that no line has. */
    notIncluded: z.array(z.strictObject({ what: z.string(), why: z.string() })).readonly(),
    /** Times of the worker's own evaluations, on one core. */
    measured: z.record(z.string(), measured),
    regions: z.record(z.string(), regionPrices),
  })
  .readonly();
export type PriceTable = z.infer<typeof priceTable>;

/** The prices of a type as a spot instance. */
export function spotOf(
  { assumptions: { spotShareOfOnDemand } }: Pick<PriceTable, "assumptions">,
  { onDemand, spot }: z.infer<typeof instance>,
): { readonly least: number; readonly most: number } {
  return spot ?? { least: spotShareOfOnDemand.least * onDemand, most: spotShareOfOnDemand.most * onDemand };
}

/** The price of a machine of a pool in US dollars: of its first type, and for spot the middle of the range. Undefined if it is unknown. */
export function hourlyUsd(
  region: string,
  { instanceTypes, capacityType }: { readonly instanceTypes: readonly string[]; readonly capacityType: string },
): number | undefined {
  const table = priceTable.parse(JSON.parse(readFileSync(priceFile, "utf8")));
  const found = table.regions[region]?.instances.usdPerHour[instanceTypes[0] ?? ""];
  if (found === undefined) return undefined;
  const { least, most } = spotOf(table, found);
  return capacityType === "SPOT" ? (least + most) / 2 : found.onDemand;
}
