import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { type EnvironmentFacts, environmentFacts } from "./environment.ts";
import { kedaRoom, type Room } from "./keda-room.ts";
import { type MonthlyCost, monthlyCost } from "./monthly.ts";
import type { PriceTable } from "./price-table.ts";
import { type QueueRun, queueRun } from "./queue-run.ts";
import { servicesRoom } from "./services-room.ts";
import { type SweepEstimate, sweepOf } from "./sweep.ts";
import type { Resource } from "./synthesized.ts";

/** The facts, the monthly bill and the sweeps of an environment. */
export interface EnvironmentCost extends EnvironmentFacts {
  readonly monthly: MonthlyCost;
  readonly sweeps: readonly SweepEstimate[];
  /** The runs of the jobs, on the executors of each size instead. Those of evaluations that nobody has measured are left out. */
  readonly queueRuns: readonly (QueueRun & { readonly job: string })[];
  /** Whether KEDA runs on the pools that are always on. Undefined without executors. */
  readonly keda: Room | undefined;
  /** Whether the page and the API run on the pools that are always on. Undefined without services. */
  readonly services: Room | undefined;
}

/** @throws ToolError if a price is missing. */
export function environmentCost(
  environment: ResolvedEnvironment,
  resources: readonly Resource[],
  table: PriceTable,
  secondsPerParameter?: number,
): EnvironmentCost {
  const facts = environmentFacts(environment, table);
  const monthly = monthlyCost(resources, environment.region, table);
  const sweeps = facts.jobs.map((job) => sweepOf(job, facts, table, monthly, secondsPerParameter));
  const queueRuns = sweeps.flatMap(({ job, work, resultBytes }) =>
    work === undefined
      ? []
      : facts.executors.map((executors) => ({ job, ...queueRun(work, resultBytes, executors, facts) })),
  );
  const keda = facts.executors.length === 0 ? undefined : kedaRoom(environment.alwaysOnPools);
  return { ...facts, monthly, sweeps, queueRuns, keda, services: servicesRoom(environment) };
}
