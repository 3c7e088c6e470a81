import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import type { EnvironmentFacts } from "../plan/environment.ts";
import type { TimelineFacts } from "../plan/machines.ts";
import { synthesizedJobs } from "./jobs.ts";
import { type MonthlyCost, monthlyCost } from "./monthly.ts";
import { poolFacts, synthesizedPools } from "./pools.ts";
import { type PriceTable, pricesOf } from "./price-table.ts";
import { type SweepEstimate, sweepOf } from "./sweep.ts";
import { ofType, type Resource } from "./synthesized.ts";

/**
 * Of the platform's own figures: the autoscaler decides at 7 s, a node is ready at about 180 s, a pod computes at 190 s. EC2
 * bills each second, and a minute at least.
 * @see https://aws.amazon.com/ec2/pricing/on-demand/
 */
export const platformTimeline: TimelineFacts = { decision: 7, start: 190, idle: 300, minimumBilled: 60 };

/** What an environment costs, and what a plan must know of it. */
export interface EnvironmentCost extends EnvironmentFacts {
  readonly monthly: MonthlyCost;
  readonly sweeps: readonly SweepEstimate[];
}

/** @throws ToolError where a price is missing. */
export function environmentCost(
  environment: Pick<ResolvedEnvironment, "name" | "region" | "instanceTypes">,
  resources: readonly Resource[],
  table: PriceTable,
  secondsPerParameter?: number,
): EnvironmentCost {
  const { name, region, instanceTypes } = environment;
  const prices = pricesOf(table, region);
  const pools = synthesizedPools(resources);
  const facts: EnvironmentFacts = {
    name,
    region,
    pricesOf: table.date,
    timeline: { ...platformTimeline, idle: idleSeconds(resources) ?? platformTimeline.idle },
    pools: pools.map((pool) => poolFacts(pool, table, region, instanceTypes)),
    jobs: synthesizedJobs(resources, pools),
    storage: {
      usdPerThousandPuts: prices.s3Put.usd,
      usdPerGbMonth: prices.s3Storage.usd,
      natUsdPerNodeStart: table.assumptions.natGbPerNodeStart * prices.natGatewayData.usd,
    },
  };
  const monthly = monthlyCost(resources, { table, region, additionalTypes: instanceTypes });
  const sweeps = facts.jobs.map((job) => sweepOf(job, facts, table, monthly, secondsPerParameter));
  return { ...facts, monthly, sweeps };
}

/** What the autoscaler is told: `scale-down-unneeded-time` of its chart's values. */
function idleSeconds(resources: readonly Resource[]): number | undefined {
  const [values] = ofType(resources, "helm_release").flatMap(({ name, values: [text] }) =>
    name === "cluster-autoscaler" ? [JSON.parse(text)] : [],
  );
  const [, minutes] = /^(\d+)m$/.exec(values?.extraArgs?.["scale-down-unneeded-time"] ?? "") ?? [];
  return minutes === undefined ? undefined : 60 * Number(minutes);
}
