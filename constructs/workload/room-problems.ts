import { factsOf, formatCount } from "sweep-worker/contract";
import { type NodeTarget, roomForPods } from "../pools/node-target.ts";
import { type Problem, show } from "../support/problems.ts";
import type { PodRequests } from "./job-machines.ts";
import { type WorkerJobSettings, workerJobSettingsSchema } from "./worker-job-settings.ts";

/**
 * The problem of a target on whose nodes no pod finds a place: small types have few addresses, and the DaemonSets of the platform take
 * all of them.
 *
 * @param setting the setting to blame.
 */
export function placeProblems(target: NodeTarget, setting: string): Problem[] {
  if (roomForPods(target).pods >= 1) return [];
  const got = `${target.name}, whose nodes hold ${formatCount(target.allocatable.pods)} pods`;
  const fix = "the platform's own pods take all of these places; use a pool of larger nodes";
  return [{ path: [setting], allowed: "on nodes with a place for a pod", got, fix }];
}

/**
 * The requests of a pod for which no node of a target has room, each with the figure for which it has; `path` is the resource. Such a
 * pod waits for ever, while the autoscaler buys and returns one node after another.
 */
export function roomProblems(pod: PodRequests, target: NodeTarget): Problem[] {
  const room = roomForPods(target);
  const full = `a node of ${target.name} has no more room for pods`;
  const twice = "and the autoscaler counts kube-proxy twice";
  const larger = "ask for less, or use a pool of larger nodes";
  const gpus = target.gpu
    ? `a node of ${target.name} has no more; ${larger}`
    : `${target.name} has no GPUs; use a pool with gpu: true`;
  const storage = `${full}; use a smaller batchSize, or a pool with larger volumes`;
  return [
    ...atMost(
      "cpuRequestMillis",
      pod.cpuRequestMillis,
      room.cpuMillis,
      `${full} beside its DaemonSets, ${twice}; ${larger}`,
    ),
    ...atMost("memoryRequestMiB", pod.memoryRequestMiB, room.memoryMiB, `${full}; ${larger}`),
    ...atMost("temporaryStorageMiB", pod.temporaryStorageMiB, room.ephemeralStorageMiB, storage),
    ...atMost("gpus", pod.gpus, room.gpus, gpus),
  ];
}

/** The problem of a setting that is larger than something else allows. */
export function atMost(name: keyof WorkerJobSettings, value: number | undefined, most: number, fix: string): Problem[] {
  // Another problem may have made the value NaN.
  if (value === undefined || !(value > most)) return [];
  const allowed = most === 0 ? "0" : `${quantity(name, most)} or less`;
  return [{ path: [name], allowed, got: show(value), fix }];
}

/** `7,630 thousandths of a core`, with the unit that the schema declares. */
export function quantity(name: keyof WorkerJobSettings, amount: number): string {
  const { unit } = factsOf(workerJobSettingsSchema.shape[name]);
  return unit === undefined ? formatCount(amount) : `${formatCount(amount)} ${unit}`;
}
