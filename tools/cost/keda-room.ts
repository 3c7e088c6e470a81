import { formatCount } from "sweep-worker/contract";
import type { NodePool } from "../../constructs/pools/node-pool.ts";
import { roomForPods } from "../../constructs/pools/node-target.ts";

/** Requests of KEDA's three pods together. */
export const keda = { cpuMillis: 300, memoryMiB: 300 } as const;
/**
 * CPU that the platform's other Deployments request: two pods each of CoreDNS (100m), metrics-server (100m) and the EBS CSI controller
 * (six containers of 10m), and the autoscaler (100m).
 */
export const othersCpuMillis = 2 * (100 + 100 + 60) + 100;

/** Whether pods fit on the nodes that are always there. */
export interface Room {
  readonly fits: boolean;
  /** A sentence without a full stop. */
  readonly text: string;
}

/** @param pools those without taints that always have a node. */
export function kedaRoom(pools: readonly NodePool[]): Room {
  const { cpuMillis, text } = alwaysOn(pools);
  const asked = `KEDA's three pods ask for ${keda.cpuMillis}m, the other programs of the platform for ${othersCpuMillis}m, and ${text}`;
  const fits = keda.cpuMillis + othersCpuMillis <= cpuMillis;
  return {
    fits,
    text: fits ? `${asked}: they fit` : `${asked}: the autoscaler buys another node for them, and keeps it`,
  };
}

/** CPU for pods on the nodes that are always on. @param pools those without taints that always have a node. */
export function alwaysOn(pools: readonly NodePool[]): { readonly cpuMillis: number; readonly text: string } {
  const cpuMillis = pools.reduce((sum, pool) => sum + pool.capacity.min * roomForPods(pool).cpuMillis, 0);
  const nodes = pools.map(({ name, capacity }) => `${capacity.min} of ${name}`).join(" and ");
  return { cpuMillis, text: `the nodes that are always on (${nodes}) have ${formatCount(cpuMillis)}m` };
}
