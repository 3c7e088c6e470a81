import type { EnvironmentFacts, JobFacts } from "../plan/environment.ts";
import { type Prediction, predict } from "../plan/prediction.ts";
import { ToolError } from "../support/tool.ts";
import { type Dollars, dollars, sum, times } from "./money.ts";
import type { MonthlyCost } from "./monthly.ts";
import { hoursPerMonth, type PriceTable } from "./price-table.ts";

/** What one run of a Job takes and costs. */
export interface SweepEstimate {
  readonly job: string;
  readonly pool: string;
  readonly totalParameters: number;
  /** Undefined where nobody has measured the evaluation. */
  readonly duration: { readonly secondsPerParameter: number; readonly from: string } | undefined;
  readonly prediction: Prediction | undefined;
  readonly costs: SweepCosts | undefined;
}

export interface SweepCosts {
  /** Machines, their volumes and CPU credits, bought on demand or on the spot market. */
  readonly onDemand: Dollars;
  readonly spot: Dollars;
  /** Requests that store the results, and a month of keeping them. */
  readonly storage: Dollars;
  /** Through the NAT gateways. */
  readonly nat: Dollars;
  /** Control plane, NAT gateways and general pool while the sweep lasts: paid with or without it. */
  readonly alwaysOn: Dollars;
}

const bytesPerValue = 8;

/** @throws ToolError where no pod of the job fits on a node. */
export function sweepOf(
  job: JobFacts,
  facts: EnvironmentFacts,
  table: PriceTable,
  monthly: MonthlyCost,
  given: number | undefined,
): SweepEstimate {
  const { variables } = job;
  const totalParameters = Number(variables.TOTAL_PARAMETERS);
  const duration = durationOf(variables, table, given);
  const estimate = { job: job.name, pool: job.pool, totalParameters, duration };
  if (duration === undefined) return { ...estimate, prediction: undefined, costs: undefined };
  const { secondsPerParameter } = duration;
  const node = facts.pools.find(({ name }) => name === job.pool);
  if (node === undefined) throw new ToolError(`${job.name}: there is no pool ${job.pool}`);
  const work = { totalParameters, secondsPerParameter, batchSize: Number(variables.BATCH_SIZE) };
  // A Job that is paused is estimated as it goes on.
  const parallelism = job.parallelism || job.workers;
  const prediction = predict(work, { ...job, parallelism, node }, facts.timeline);
  const { storage } = facts;
  const columns = (variables.RESULT_COLUMNS ?? "value").split(",").length;
  const gb = (totalParameters * columns * bytesPerValue) / 1e9;
  const costs: SweepCosts = {
    onDemand: dollars(prediction.cost.onDemandUsd),
    spot: prediction.cost.spotUsd,
    storage: dollars((prediction.objects / 1000) * storage.usdPerThousandPuts + gb * storage.usdPerGbMonth),
    nat: dollars(prediction.nodes * storage.natUsdPerNodeStart),
    alwaysOn: times(prediction.wallSeconds / 3600 / hoursPerMonth, monthly.idle),
  };
  return { ...estimate, prediction, costs };
}

/** What a sweep adds to the bill. */
export function addedBySweep(costs: SweepCosts): { readonly onDemand: Dollars; readonly spot: Dollars } {
  const rest = [costs.storage, costs.nat];
  return { onDemand: sum([costs.onDemand, ...rest]), spot: sum([costs.spot, ...rest]) };
}

function durationOf(
  variables: Readonly<Record<string, string>>,
  { measured }: PriceTable,
  given: number | undefined,
): SweepEstimate["duration"] {
  if (given !== undefined) return { secondsPerParameter: given, from: "--seconds-per-parameter" };
  const known = variables.EVALUATION === undefined ? undefined : measured[variables.EVALUATION];
  if (known === undefined) return undefined;
  const sleep = Number(variables.SIMULATE_WORK_MS ?? 0) / 1000;
  const from = sleep === 0 ? known.how : `${known.how}, and SIMULATE_WORK_MS`;
  return { secondsPerParameter: known.secondsPerParameter + sleep, from };
}
