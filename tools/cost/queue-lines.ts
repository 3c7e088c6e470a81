import { formatCount } from "sweep-worker/contract";
import type { CostLine } from "./cost-line.ts";
import { type StoragePrices, storagePrices } from "./environment.ts";
import { dollars } from "./money.ts";
import { hoursPerMonth, type PriceTable, type RegionPrices } from "./price-table.ts";
import { MESSAGES_OF_A_SLICE, messageUsd, queueTimeline } from "./queue-requests.ts";
import type { Resource, ResourceJson } from "./synthesized.ts";

/** An object of Kubernetes in the values of a chart. */
interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly maxReplicaCount: number };
}

/** The requests of KEDA and of the executors that a chart scales. Empty for other charts. */
export function queueLines(
  release: ResourceJson,
  resources: readonly Resource[],
  prices: RegionPrices,
  table: PriceTable,
): CostLine[] {
  const { objects = [] }: { objects?: readonly KubernetesObject[] } = JSON.parse(release.values?.[0] ?? "{}");
  return objects
    .filter(({ kind }) => kind === "ScaledObject")
    .map(({ metadata: { name }, spec: { maxReplicaCount } }) => {
      const settings = resources.find(
        ({ type, json }) => type === "kubernetes_config_map_v1" && json.metadata.name === name,
      )?.json.data;
      const slots = Number(settings?.EXECUTOR_SLOTS);
      const sliceSeconds = Number(settings?.SLICE_SECONDS);
      const size = name.replace(/^executor-/, "");
      return queueLine({ size, max: maxReplicaCount, slots, sliceSeconds }, storagePrices(prices, table));
    });
}

interface ScaledExecutors {
  readonly size: string;
  readonly max: number;
  readonly slots: number;
  readonly sliceSeconds: number;
}

/** The machines of the executors are those of the pools. At most, all executors are busy all month. */
function queueLine(executors: ScaledExecutors, prices: StoragePrices): CostLine {
  const { size, slots, max, sliceSeconds } = executors;
  const { pollSeconds, scaleSeconds } = queueTimeline;
  const seconds = hoursPerMonth * 3600;
  const reads = (every: number) => (seconds / every / 1_000_000) * prices.usdPerMillionQueueRequests;
  const messages = (max * slots * seconds * MESSAGES_OF_A_SLICE) / sliceSeconds;
  return {
    item: `requests of executors, ${size}`,
    how: `KEDA reads the queue every ${pollSeconds} s; 0 to ${formatCount(max)} executors`,
    idle: dollars(reads(pollSeconds)),
    maximum: dollars(reads(pollSeconds) + reads(scaleSeconds) + messages * messageUsd(executors, prices)),
    lower: "no executors of this size: workload.executors in environments.ts",
  };
}
