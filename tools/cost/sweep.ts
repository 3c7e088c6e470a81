import { DEFAULTS } from "sweep-worker/contract";
import type { EnvironmentFacts, JobFacts, StoragePrices } from "./environment.ts";
import { dollars, type PriceRange, sum, times } from "./money.ts";
import type { MonthlyCost } from "./monthly.ts";
import { type Prediction, predict, type Work } from "./prediction.ts";
import { hoursPerMonth, type PriceTable } from "./price-table.ts";

/** The time and the cost of one run of a job. */
export interface SweepEstimate {
  readonly job: string;
  readonly pool: string;
  readonly totalParameters: number;
  readonly machines: JobFacts["machines"];
  /** Undefined if nobody has measured the evaluation. */
  readonly duration: { readonly secondsPerParameter: number; readonly from: string } | undefined;
  readonly work: Work | undefined;
  /** Of one column, for a module. */
  readonly resultBytes: number;
  readonly prediction: Prediction | undefined;
  readonly costs: SweepCosts | undefined;
}

export interface SweepCosts {
  /** Machines, their volumes and CPU credits, bought on demand or on the spot market. */
  readonly onDemand: PriceRange;
  readonly spot: PriceRange;
  /** Requests that store the results, and a month of keeping them. */
  readonly storage: PriceRange;
  /** The columns that `storage` counts. Undefined for a module: only the module declares them, so one is assumed. */
  readonly columns: number | undefined;
  /** Through the NAT gateways. */
  readonly nat: PriceRange;
  /** Control plane, NAT gateways and general pool while the sweep lasts: paid with or without it. */
  readonly alwaysOn: PriceRange;
}

/** The size of a run's results: a float64 for each column and parameter. */
export function resultBytes(totalParameters: number, columns: number): number {
  return totalParameters * columns * Float64Array.BYTES_PER_ELEMENT;
}

/** US dollars of a run beside its machines: storing its results and keeping them for a month, and traffic through the NAT gateway. */
export function costBesideMachines(
  { objects, nodes }: Pick<Prediction, "objects" | "nodes">,
  bytes: number,
  { usdPerThousandPuts, usdPerGbMonth, natUsdPerNodeStart }: StoragePrices,
): { readonly storageUsd: number; readonly natUsd: number } {
  return {
    storageUsd: (objects / 1000) * usdPerThousandPuts + (bytes / 1e9) * usdPerGbMonth,
    natUsd: nodes * natUsdPerNodeStart,
  };
}

/** @throws ToolError if no pod of the job fits on a node. */
export function sweepOf(
  job: JobFacts,
  facts: EnvironmentFacts,
  table: PriceTable,
  monthly: MonthlyCost,
  given: number | undefined,
): SweepEstimate {
  const { totalParameters, machines, settings } = job;
  const duration = durationOf(job, table, given);
  const columns = settings.resultColumns?.length;
  const bytes = resultBytes(totalParameters, columns ?? 1);
  const estimate = { job: job.name, pool: job.pool, totalParameters, machines, duration, resultBytes: bytes };
  if (duration === undefined) return { ...estimate, work: undefined, prediction: undefined, costs: undefined };
  const { secondsPerParameter } = duration;
  const work: Work = { totalParameters, secondsPerParameter, batchSize: settings.batchSize ?? DEFAULTS.batchSize };
  // A paused job is estimated as if it ran.
  const parallelism = job.parallelism || job.workers;
  const prediction = predict(work, { ...job, parallelism }, facts.timeline);
  const { storageUsd, natUsd } = costBesideMachines(prediction, bytes, facts.storage);
  const costs: SweepCosts = {
    onDemand: dollars(prediction.cost.onDemandUsd),
    spot: prediction.cost.spotUsd,
    storage: dollars(storageUsd),
    columns,
    nat: dollars(natUsd),
    alwaysOn: times(prediction.wallSeconds / 3600 / hoursPerMonth, monthly.idle),
  };
  return { ...estimate, work, prediction, costs };
}

/** The part of the bill that a sweep adds. */
export function addedBySweep(costs: SweepCosts): { readonly onDemand: PriceRange; readonly spot: PriceRange } {
  const rest = [costs.storage, costs.nat];
  return { onDemand: sum([costs.onDemand, ...rest]), spot: sum([costs.spot, ...rest]) };
}

function durationOf(
  { settings }: JobFacts,
  { measured }: PriceTable,
  given: number | undefined,
): SweepEstimate["duration"] {
  if (given !== undefined) return { secondsPerParameter: given, from: "--seconds-per-parameter" };
  const known = settings.evaluation === undefined ? undefined : measured[settings.evaluation];
  if (known === undefined) return undefined;
  const sleepSeconds = (settings.simulateWorkMs ?? 0) / 1000;
  const from = sleepSeconds === 0 ? known.how : `${known.how}, and simulateWorkMs`;
  return { secondsPerParameter: known.secondsPerParameter + sleepSeconds, from };
}
