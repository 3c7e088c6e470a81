import type { ComputingTime } from "../stores/store.ts";

/** Above this ratio of CPU time to time, an evaluation computes with several threads. V8's own helpers stay below it. */
const SEVERAL_THREADS = 1.5;

/** How the time of blocks becomes their cost. */
export type CostOf = (time: ComputingTime) => number;

/**
 * The cost of a block is the time that it would have taken on a quiet machine: on the CPU for work that computes, by the clock for
 * work that waits for a sleep or an answer. A mixture counts both parts.
 *
 * Linux tells how long the work was in the queue for a CPU, and that time is left out. Elsewhere the queue is estimated: a loop that
 * only computes got the share `1 - busyShare` of the CPU, and so did the evaluation.
 *
 * Work of several threads counts on the CPU, because the other workers of the run need the other cores. That is decided from all
 * blocks together: the helpers of V8 may be busy during a single one.
 */
export function costModel(times: readonly ComputingTime[], busyShare: number): CostOf {
  const cpuSeconds = times.reduce((sum, time) => sum + time.cpuSeconds, 0);
  const alone = times.reduce((sum, time) => sum + withoutQueue(time, busyShare), 0);
  if (cpuSeconds > SEVERAL_THREADS * alone) return (time) => Math.max(time.cpuSeconds, withoutQueue(time, busyShare));
  return (time) => withoutQueue(time, busyShare);
}

function withoutQueue({ wallSeconds, cpuSeconds, queuedSeconds }: ComputingTime, busyShare: number): number {
  const queued = queuedSeconds ?? (cpuSeconds * busyShare) / Math.max(0.01, 1 - busyShare);
  // Programs may be in the queue while this process computes: the queue explains no more than the time without CPU.
  return Math.max(wallSeconds - queued, Math.min(wallSeconds, cpuSeconds));
}
