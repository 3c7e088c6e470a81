import { billedSeconds, sweepCost } from "../plan/prediction.ts";
import { platformTimeline } from "./environment-cost.ts";
import { poolLines } from "./monthly.ts";
import { poolFacts, type SynthesizedPool } from "./pools.ts";
import { hoursPerMonth, type PriceTable } from "./price-table.ts";

/** Five machines that are on all month, against the same five bought for each batch. */
export interface Example {
  readonly alwaysOn: { readonly machineHours: number; readonly machinesUsd: number; readonly volumesUsd: number };
  readonly fromZero: {
    readonly batches: number;
    readonly computeSeconds: number;
    /** Of one machine and batch, start and idling included. */
    readonly billedSeconds: number;
    readonly machineHours: number;
    readonly machinesUsd: number;
    readonly volumesUsd: number;
  };
}

const machines = 5;
/** A batch on each working day, of 24 minutes: what ten dollars pay for. */
const batches = 22;
const computeSeconds = 24 * 60;

/** The same functions that price an environment and a sweep, on five c5.xlarge on demand. */
export function example(table: PriceTable): Example {
  const pool: SynthesizedPool = {
    name: "executor",
    instanceTypes: ["c5.xlarge"],
    capacityType: "ON_DEMAND",
    minimumNodes: machines,
    maximumNodes: machines,
    volumeSizeGiB: 50,
    labels: {},
  };
  const facts = poolFacts(pool, table, "us-west-2");
  const [nodes, volumes] = poolLines(facts);
  const perMachine = billedSeconds(computeSeconds, platformTimeline);
  const billed = batches * machines * perMachine;
  const { onDemandUsd, volumesUsd } = sweepCost(facts, billed, 0);
  return {
    alwaysOn: {
      machineHours: machines * hoursPerMonth,
      machinesUsd: nodes?.idle.most ?? Number.NaN,
      volumesUsd: volumes?.idle.most ?? Number.NaN,
    },
    fromZero: {
      batches,
      computeSeconds,
      billedSeconds: perMachine,
      machineHours: billed / 3600,
      machinesUsd: onDemandUsd - volumesUsd,
      volumesUsd,
    },
  };
}
