import { countNoun, formatCount } from "sweep-worker/contract";
import type { Allocatable } from "../pools/allocatable.ts";
import { type NodeTarget, roomForPods } from "../pools/node-target.ts";
import type { WorkerJobSettings } from "./worker-job-settings.ts";
import { type PodResources, podResources } from "./worker-pod.ts";

/** The requests of a pod, by which the scheduler finds it a node. */
export type PodRequests = Pick<PodResources, "cpuRequestMillis" | "memoryRequestMiB" | "temporaryStorageMiB" | "gpus">;

/** The number of equal pods for which a node has room; 0 if one is too large. */
export function podsPerNode(room: Allocatable, pod: PodRequests): number {
  const fits = (available: number, wanted: number) =>
    wanted === 0 ? Number.POSITIVE_INFINITY : Math.floor(available / wanted);
  const least = Math.min(
    room.pods,
    fits(room.cpuMillis, pod.cpuRequestMillis),
    fits(room.memoryMiB, pod.memoryRequestMiB),
    fits(room.ephemeralStorageMiB, pod.temporaryStorageMiB),
    fits(room.gpus, pod.gpus),
  );
  return Math.max(0, least);
}

/** The nodes of a job's pods. */
export interface Machines {
  /** Nodes that all pods need to run at the same time. */
  readonly needed: number;
  /** Nodes that they get: as many as the pool allows, if they need more. */
  readonly nodes: number;
  /** Pods that run at the same time on these. */
  readonly pods: number;
}

/**
 * @param pods pods that may run at the same time, at least 1.
 * @param fits pods for which a node has room, at least 1.
 */
export function machinesFor(pods: number, fits: number, maximumNodes: number): Machines {
  const needed = Math.ceil(pods / fits);
  const nodes = Math.min(needed, maximumNodes);
  return { needed, nodes, pods: Math.min(pods, nodes * fits) };
}

/** A sentence about the machines of a job. */
export interface MachinesRemark {
  /** Whether the job runs otherwise than its author may think. */
  readonly isWarning: boolean;
  /** Without a full stop, for example `3 workers fit on 1 c5.2xlarge of executor`. */
  readonly text: string;
}

/**
 * Tells on how many machines a job without problems runs. A warning says that some workers have nothing to do, that the pool's maximum lets
 * only a part of the workers run at a time, or that the workers of a machine may use more than it has.
 */
export function machinesRemark(settings: WorkerJobSettings, target: NodeTarget): MachinesRemark {
  const { workers, parallelism = workers } = settings;
  const room = roomForPods(target);
  const pod = podResources(settings, target);
  const fits = podsPerNode(room, pod);
  // A paused job is described as if it ran.
  const atATime = parallelism || workers;
  const { needed, nodes, pods } = machinesFor(atATime, fits, target.capacity.max);
  const who =
    atATime < workers
      ? `${formatCount(atATime)} of ${countNoun(workers, "worker")} at a time`
      : countNoun(workers, "worker");
  const machines = machinesText(needed, target);
  const where =
    fits === 1 ? `${verb(atATime, "need")} ${machines}, one for each` : `${verb(atATime, "fit")} on ${machines}`;
  const warnings = [
    ...idleWorkers(settings),
    ...(needed > nodes ? [beyondMaximum(nodes, pods, target)] : []),
    ...sharing(Math.ceil(pods / nodes), pod, room),
  ];
  return { isWarning: warnings.length > 0, text: [`${who} ${where}`, ...warnings].join("; ") };
}

/** `3 c5.2xlarge of executor`, or `3 machines of a or b` where the pools differ. */
export function machinesText(nodes: number, target: NodeTarget): string {
  const { largestCpuMillis, allocatable, instanceTypes, name } = target;
  const isMixed = largestCpuMillis !== undefined && largestCpuMillis !== allocatable.cpuMillis;
  // Types of one pool are equal, and people know the first.
  return `${isMixed ? countNoun(nodes, "machine") : `${formatCount(nodes)} ${instanceTypes[0]}`} of ${name}`;
}

/** Their machines start for nothing: a parameter is the smallest share. */
function idleWorkers({ workers, totalParameters }: WorkerJobSettings): string[] {
  if (workers <= totalParameters) return [];
  const idle = workers - totalParameters;
  const fix = totalParameters === 0 ? "raise totalParameters" : `use workers: ${totalParameters}`;
  return [
    `${countNoun(idle, "worker")} ${idle === 1 ? "has" : "have"} no parameter, because the run has ${formatCount(totalParameters)}: ${fix}`,
  ];
}

function beyondMaximum(nodes: number, pods: number, { name }: NodeTarget): string {
  return `${name} allows ${formatCount(nodes)}, so that ${formatCount(pods)} run at a time and the others wait for them`;
}

/** The scheduler goes by requests alone, so that limits may add up to more than a machine. */
function sharing(pods: number, pod: PodResources, room: Allocatable): string[] {
  const cpuMillis = pods * pod.cpuLimitMillis;
  const memoryMiB = pods * pod.memoryLimitMiB;
  const over = [
    ...(cpuMillis > room.cpuMillis ? [`${cores(cpuMillis)} of ${cores(room.cpuMillis)} cores`] : []),
    ...(memoryMiB > room.memoryMiB ? [`${formatCount(memoryMiB)} of ${formatCount(room.memoryMiB)} MiB`] : []),
  ];
  if (over.length === 0) return [];
  const fix = `request what a worker uses (${[
    ...(cpuMillis > room.cpuMillis ? ["cpuRequestMillis"] : []),
    ...(memoryMiB > room.memoryMiB ? ["memoryRequestMiB"] : []),
  ].join(", ")}), or use placement "one-per-node"`;
  return [`${pods} on a machine may use ${over.join(" and ")} together: ${fix}`];
}

/** `1 worker fits`, `50 workers fit`. */
function verb(amount: number, infinitive: string): string {
  return amount === 1 ? `${infinitive}s` : infinitive;
}

function cores(millis: number): string {
  return String(Math.round(millis / 100) / 10);
}
