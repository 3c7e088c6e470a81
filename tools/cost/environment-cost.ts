import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { type EnvironmentFacts, environmentFacts } from "./environment.ts";
import { type MonthlyCost, monthlyCost } from "./monthly.ts";
import type { PriceTable } from "./price-table.ts";
import { type SweepEstimate, sweepOf } from "./sweep.ts";
import type { Resource } from "./synthesized.ts";

/** The facts, the monthly bill and the sweeps of an environment. */
export interface EnvironmentCost extends EnvironmentFacts {
  readonly monthly: MonthlyCost;
  readonly sweeps: readonly SweepEstimate[];
}

/** @throws ToolError if a price is missing. */
export function environmentCost(
  environment: ResolvedEnvironment,
  resources: readonly Resource[],
  table: PriceTable,
  secondsPerParameter?: number,
): EnvironmentCost {
  const facts = environmentFacts(environment, table);
  const monthly = monthlyCost(resources, facts.pools, table, environment.region);
  const sweeps = facts.jobs.map((job) => sweepOf(job, facts, table, monthly, secondsPerParameter));
  return { ...facts, monthly, sweeps };
}
