import { COMPLETE_EVERY_MS } from "sweep-worker/contract";
import { machinesFor, podsPerNode } from "../../constructs/workload/job-machines.ts";
import {
  busyVCpus,
  type CpuCredits,
  coresOfNode,
  type MachinePrices,
  type NodePoolFacts,
  type PodShape,
  type TimelineFacts,
} from "./machines.ts";
import { dollars, type PriceRange, sum, times } from "./money.ts";

/** A number of parameters, with their cost. */
export interface Work {
  readonly totalParameters: number;
  /** On one core of the pool that is not shared. */
  readonly secondsPerParameter: number;
  /** What each worker takes for its first parameter beyond that. @default 0 */
  readonly warmUpSeconds?: number;
  readonly batchSize: number;
}

export interface Arrangement {
  readonly node: NodePoolFacts;
  readonly pod: PodShape;
  /** The number of shares. */
  readonly workers: number;
  /** Pods at a time. */
  readonly parallelism: number;
  /** @default - as many as the pods need, up to the pool's maximum */
  readonly nodes?: number;
}

/** The time and the cost of a sweep on machines that are bought for it. */
export interface Prediction {
  readonly nodes: number;
  readonly pods: number;
  /** The pods of the fullest node. */
  readonly podsOnNode: number;
  /** The computing power of one pod, in cores that are not shared. */
  readonly coresOfPod: number;
  /** From the first parameter to the last. */
  readonly computeSeconds: number;
  /** From the submission to the last result. */
  readonly wallSeconds: number;
  /** The sum over all nodes, from purchase to return. */
  readonly billedNodeSeconds: number;
  /** Objects that the workers write to the bucket. */
  readonly objects: number;
  readonly cost: SweepCost;
}

/** US dollars for one sweep: machines, volumes and credits. */
export interface SweepCost {
  readonly onDemandUsd: number;
  readonly spotUsd: PriceRange;
  /** Root volumes, included in both. */
  readonly volumesUsd: number;
  /** CPU credits of the first type, included in the price on demand. */
  readonly creditsUsd: number;
}

/** A pod of a later wave starts on a running machine. */
const POD_START_SECONDS = 10;
/** A worker stores a long block in parts, each as an object. */
export const SECONDS_PER_OBJECT = COMPLETE_EVERY_MS.s3 / 1000;

/**
 * Predicts a sweep. All shares have the same number of parameters, so the pods of the fullest node end last. Shares differ in
 * cost by a few per cent, which the prediction ignores.
 *
 * @throws RangeError if no pod fits on a node.
 */
export function predict(work: Work, arrangement: Arrangement, timeline: TimelineFacts): Prediction {
  const { node, pod, workers } = arrangement;
  const fits = podsPerNode(node.room, pod);
  if (fits < 1) throw new RangeError(`no pod of this size fits on a node of ${node.name}`);
  const wanted = Math.min(arrangement.parallelism, workers);
  const { nodes = machinesFor(wanted, fits, node.maximumNodes).nodes } = arrangement;
  const pods = Math.min(wanted, nodes * fits);
  const podsOnNode = Math.ceil(pods / nodes);
  const coresOfPod = coresOfNode(node, podsOnNode, pod) / podsOnNode;
  const waves = Math.ceil(workers / pods);
  const { totalParameters, secondsPerParameter, warmUpSeconds = 0 } = work;
  const shareSeconds = ((totalParameters / workers) * secondsPerParameter + warmUpSeconds) / coresOfPod;
  const computeSeconds = waves * shareSeconds + (waves - 1) * POD_START_SECONDS;
  const billedNodeSeconds = nodes * billedSeconds(computeSeconds, timeline);
  const busy = busyVCpus(node.room.cpuMillis, podsOnNode, pod.cpuLimitMillis);
  return {
    nodes,
    pods,
    podsOnNode,
    coresOfPod,
    computeSeconds,
    wallSeconds: timeline.start + computeSeconds,
    billedNodeSeconds,
    objects: objectsOf(work, workers * shareSeconds),
    cost: sweepCost(node, billedNodeSeconds, nodes * computeSeconds * busy),
  };
}

/** The objects that workers write. @param workerSeconds the sum over all workers. */
export function objectsOf(
  { totalParameters, batchSize }: Pick<Work, "totalParameters" | "batchSize">,
  workerSeconds: number,
): number {
  return Math.max(Math.ceil(totalParameters / batchSize), Math.ceil(workerSeconds / SECONDS_PER_OBJECT));
}

/** The billed time of a machine that is bought for a sweep. */
export function billedSeconds(computeSeconds: number, timeline: TimelineFacts): number {
  const { decision, start, idle, minimumBilled } = timeline;
  return Math.max(minimumBilled, start - decision + computeSeconds + idle);
}

/** @param busyVCpuSeconds the sum over all nodes. */
export function sweepCost(node: MachinePrices, billedNodeSeconds: number, busyVCpuSeconds: number): SweepCost {
  const hours = billedNodeSeconds / 3600;
  const busyHours = busyVCpuSeconds / 3600;
  const volumesUsd = node.volumeUsdPerHour * hours;
  const creditsUsd = creditsCost(node.creditsOfTypes[0], hours, busyHours);
  return {
    onDemandUsd: node.onDemandUsdPerHour * hours + volumesUsd + creditsUsd,
    spotUsd: sum([times(hours, node.spotUsdPerHour), dollars(volumesUsd), creditsRange(node, hours, busyHours)]),
    volumesUsd,
    creditsUsd,
  };
}

/** The credits of a pool whose machines are of the type with the least, or of the one with the most. */
export function creditsRange(
  { creditsOfTypes }: Pick<MachinePrices, "creditsOfTypes">,
  nodeHours: number,
  busyVCpuHours: number,
): PriceRange {
  const amounts = creditsOfTypes.map((credits) => creditsCost(credits, nodeHours, busyVCpuHours));
  return { least: Math.min(...amounts), most: Math.max(...amounts) };
}

/** A burstable type has its baseline for free, and pays for use above it. */
function creditsCost(credits: CpuCredits | undefined, nodeHours: number, busyVCpuHours: number): number {
  if (credits === undefined) return 0;
  return Math.max(0, busyVCpuHours - nodeHours * credits.baselineVCpus) * credits.usdPerVCpuHour;
}
