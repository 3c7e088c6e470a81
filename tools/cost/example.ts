import { fixed } from "../../constructs/pools/capacity.ts";
import { NodePool } from "../../constructs/pools/node-pool.ts";
import { poolLines } from "./billed-pools.ts";
import { platformTimeline, poolFacts } from "./environment.ts";
import { billedSeconds, sweepCost } from "./prediction.ts";
import { hoursPerMonth, type PriceTable } from "./price-table.ts";

/** Five machines that run all month, compared with the same five bought for each batch. */
export interface Example {
  readonly alwaysOn: { readonly machineHours: number; readonly machinesUsd: number; readonly volumesUsd: number };
  readonly fromZero: {
    readonly batches: number;
    readonly computeSeconds: number;
    /** Billed for one machine and one batch, start and idling included. */
    readonly billedSeconds: number;
    readonly machineHours: number;
    readonly machinesUsd: number;
    readonly volumesUsd: number;
  };
}

const machines = 5;
/** Ten dollars pay for a batch of 24 minutes on each working day. */
const batches = 22;
const computeSeconds = 24 * 60;

/** Prices five c5.xlarge on demand, with the functions that price an environment and a sweep. */
export function example(table: PriceTable): Example {
  const pool = new NodePool({
    name: "executor",
    instanceTypes: ["c5.xlarge"],
    capacity: fixed(machines),
    volumeSizeGiB: 50,
  });
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
