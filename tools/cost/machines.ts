import type { Allocatable } from "../../constructs/pools/allocatable.ts";
import type { PodRequests } from "../../constructs/workload/job-machines.ts";
import type { PriceRange } from "./money.ts";

/** The machines of a pool, as they are billed. */
export interface PoolSize {
  readonly name: string;
  /** The on-demand price is that of the first. */
  readonly instanceTypes: readonly string[];
  readonly capacityType: "ON_DEMAND" | "SPOT";
  readonly minimumNodes: number;
  readonly maximumNodes: number;
  readonly vCpus: number;
  /** Size of the root volume. */
  readonly volumeSizeGiB: number;
}

/** The prices of a machine in US dollars. */
export interface MachinePrices {
  /** Of the first type, which EC2 takes as long as there is one of it. */
  readonly onDemandUsdPerHour: number;
  readonly onDemandUsdPerHourOfTypes: PriceRange;
  /** From the least spot price to the on-demand price, to which a spot price can rise. */
  readonly spotUsdPerHour: PriceRange;
  readonly volumeUsdPerHour: number;
  /** Of each type; undefined for one that is not burstable. */
  readonly creditsOfTypes: readonly (CpuCredits | undefined)[];
}

/** CPU credits of a burstable type: the price of a busy vCPU above the baseline, which is that of the whole node. */
export interface CpuCredits {
  readonly baselineVCpus: number;
  readonly usdPerVCpuHour: number;
}

/** A pool of machines, as the scheduler and the bill see one of its nodes. */
export interface NodePoolFacts extends PoolSize, MachinePrices {
  /** Cores, each of which one or two vCPUs share. */
  readonly cores: number;
  /** The part of a node that is left for pods of jobs. */
  readonly room: Allocatable;
}

/** Requests and limits of one pod. */
export interface PodShape extends PodRequests {
  readonly cpuLimitMillis: number;
}

/** When a machine for a sweep is bought, begins to compute, and is returned; in seconds. */
export interface TimelineFacts {
  /** From the submission until the autoscaler buys machines. Billing starts here. */
  readonly decision: number;
  /** From the submission until the first parameter is computed. */
  readonly start: number;
  /** From the end of the last pod until the machine is returned. */
  readonly idle: number;
  /** EC2 bills by the second, with this minimum. */
  readonly minimumBilled: number;
}

/**
 * The gain of a core by its second hyperthread. It is an assumption, between nothing (code that keeps the arithmetic units
 * busy) and a half (code that waits for memory).
 */
export const HYPERTHREAD_GAIN = 0.3;

/**
 * The computing power of all pods of a node, in cores that are not shared. A pod computes one parameter at a time, on one
 * vCPU at most and on no more than its limit: with `cpuLimitMillis: 500` it idles half of the time.
 */
export function coresOfNode({ cores, room }: NodePoolFacts, pods: number, { cpuLimitMillis }: PodShape): number {
  const busy = busyVCpus(room.cpuMillis, pods, cpuLimitMillis);
  return busy <= cores ? busy : cores + HYPERTHREAD_GAIN * (busy - cores);
}

/** The vCPUs that pods keep busy. They share what the kubelet and the DaemonSets leave. */
export function busyVCpus(roomCpuMillis: number, pods: number, cpuLimitMillis: number): number {
  return Math.min(roomCpuMillis / 1000, pods * Math.min(1, cpuLimitMillis / 1000));
}
