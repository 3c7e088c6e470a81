import { z } from "zod";

/** Dollars an hour, between which a price lies that changes by the hour. */
const range = z.strictObject({ least: z.number(), most: z.number() }).readonly();

/** A pool of machines, as the scheduler and the bill see one of its nodes. */
export const nodePoolFacts = z
  .strictObject({
    name: z.string(),
    /** The first is the one whose on-demand price is taken. */
    instanceTypes: z.array(z.string()).readonly(),
    capacityType: z.enum(["ON_DEMAND", "SPOT"]),
    minimumNodes: z.number(),
    maximumNodes: z.number(),
    vCpus: z.number(),
    /** What is left of a node for pods of jobs. */
    room: z
      .strictObject({
        cpuMillis: z.number(),
        memoryMiB: z.number(),
        ephemeralStorageMiB: z.number(),
        gpus: z.number(),
        pods: z.number(),
      })
      .readonly(),
    onDemandUsdPerHour: z.number(),
    spotUsdPerHour: range,
    /** Of the root volume. */
    volumeSizeGiB: z.number(),
    volumeUsdPerHour: z.number(),
    /** CPU credits of burstable types: what a busy vCPU costs above the baseline, which is given for the whole node. */
    credits: z.strictObject({ baselineVCpus: z.number(), usdPerVCpuHour: z.number() }).readonly().optional(),
  })
  .readonly();
export type NodePoolFacts = z.infer<typeof nodePoolFacts>;

/** What one pod asks for, and may use. */
export const podShape = z
  .strictObject({
    cpuRequestMillis: z.number(),
    cpuLimitMillis: z.number(),
    memoryRequestMiB: z.number(),
    ephemeralStorageMiB: z.number(),
    gpus: z.number(),
  })
  .readonly();
export type PodShape = z.infer<typeof podShape>;

/** When a machine that a sweep needs is bought, begins to compute, and is returned; in seconds. */
export const timelineFacts = z
  .strictObject({
    /** From the submission until the autoscaler buys machines: they are paid for from then on. */
    decision: z.number(),
    /** From the submission until the first parameter is computed. */
    start: z.number(),
    /** After the last pod, until the machine is returned. */
    idle: z.number(),
    /** EC2 bills a second at a time, and no less than this. */
    minimumBilled: z.number(),
  })
  .readonly();
export type TimelineFacts = z.infer<typeof timelineFacts>;

/** How many of these pods the scheduler puts on one node. */
export function podsPerNode({ room }: NodePoolFacts, pod: PodShape): number {
  const fits = (available: number, wanted: number) =>
    wanted === 0 ? Number.POSITIVE_INFINITY : Math.floor(available / wanted);
  return Math.min(
    room.pods,
    fits(room.cpuMillis, pod.cpuRequestMillis),
    fits(room.memoryMiB, pod.memoryRequestMiB),
    fits(room.ephemeralStorageMiB, pod.ephemeralStorageMiB),
    fits(room.gpus, pod.gpus),
  );
}

/** EC2's x86 types of these families offer two hyperthreads of each core as vCPUs. */
const VCPUS_PER_CORE = 2;

/**
 * What the second hyperthread adds to a core whose first is busy: an assumption, between nothing (code that keeps the
 * arithmetic units busy) and a half (code that waits for memory).
 */
export const HYPERTHREAD_GAIN = 0.3;

/**
 * How much the pods of one node compute together, in cores that are not shared. A pod computes one parameter at a time, on
 * one vCPU at most and on no more than its limit: with `cpuLimitMillis: 500` it stands still half of the time.
 */
export function coresOfNode({ vCpus, room }: NodePoolFacts, pods: number, { cpuLimitMillis }: PodShape): number {
  const busy = busyVCpus(room.cpuMillis, pods, cpuLimitMillis);
  const cores = vCpus / VCPUS_PER_CORE;
  return busy <= cores ? busy : cores + HYPERTHREAD_GAIN * (busy - cores);
}

/** vCPUs that pods keep busy: what is not the kubelet's and the DaemonSets' is shared between them. */
export function busyVCpus(roomCpuMillis: number, pods: number, cpuLimitMillis: number): number {
  return Math.min(roomCpuMillis / 1000, pods * Math.min(1, cpuLimitMillis / 1000));
}
