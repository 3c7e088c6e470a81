import { COMPLETE_EVERY_MS } from "sweep-worker/contract";
import {
  busyVCpus,
  coresOfNode,
  type NodePoolFacts,
  type PodShape,
  podsPerNode,
  type TimelineFacts,
} from "./machines.ts";

/** What is to be computed. */
export interface Work {
  readonly totalParameters: number;
  /** Of one core of the pool that is not shared. */
  readonly secondsPerParameter: number;
  readonly batchSize: number;
}

export interface Arrangement {
  readonly node: NodePoolFacts;
  readonly pod: PodShape;
  /** Shares of the work. */
  readonly workers: number;
  /** Pods at a time. */
  readonly parallelism: number;
  /** @default - as many as the pods need, up to the pool's maximum */
  readonly nodes?: number;
}

/** A sweep on machines that are bought for it. */
export interface Prediction {
  readonly nodes: number;
  readonly pods: number;
  /** Those of the fullest node. */
  readonly podsOnNode: number;
  /** What one pod has of a core that is not shared. */
  readonly coresOfPod: number;
  /** Between the first parameter and the last. */
  readonly computeSeconds: number;
  /** From the submission to the last result. */
  readonly wallSeconds: number;
  /** Of all nodes together: from the purchase until the machine is returned. */
  readonly billedNodeSeconds: number;
  /** Objects that the workers write into the bucket. */
  readonly objects: number;
  readonly cost: SweepCost;
}

/** Dollars for one sweep: the machines and what they bring with them. */
export interface SweepCost {
  readonly onDemandUsd: number;
  readonly spotUsd: { readonly least: number; readonly most: number };
  /** Part of both: root volumes, and CPU credits of burstable types. */
  readonly volumesUsd: number;
  readonly creditsUsd: number;
}

/** Pods of a later wave start on machines that are there. */
const POD_START_SECONDS = 10;
/** A worker completes what it has of a long block now and then, and each part is an object. */
export const SECONDS_PER_OBJECT = COMPLETE_EVERY_MS.s3 / 1000;

/**
 * Predicts a sweep. All shares hold equally many parameters, so that the pods of the fullest node end last; that shares differ
 * in cost by a few per cent is left out.
 *
 * @throws RangeError where no pod fits on a node.
 */
export function predict(work: Work, arrangement: Arrangement, timeline: TimelineFacts): Prediction {
  const { node, pod, workers } = arrangement;
  const fits = podsPerNode(node, pod);
  if (fits < 1) throw new RangeError(`no pod of this size fits on a node of ${node.name}`);
  const wanted = Math.min(arrangement.parallelism, workers);
  const nodes = arrangement.nodes ?? Math.min(node.maximumNodes, Math.ceil(wanted / fits));
  const pods = Math.min(wanted, nodes * fits);
  const podsOnNode = Math.ceil(pods / nodes);
  const coresOfPod = coresOfNode(node, podsOnNode, pod) / podsOnNode;
  const waves = Math.ceil(workers / pods);
  const shareSeconds = (work.totalParameters / workers) * (work.secondsPerParameter / coresOfPod);
  const computeSeconds = waves * shareSeconds + (waves - 1) * POD_START_SECONDS;
  const billedNodeSeconds = nodes * billedSeconds(computeSeconds, timeline);
  const busy = busyVCpus(node.room.cpuMillis, podsOnNode, pod.cpuLimitMillis);
  const blocks = Math.ceil(work.totalParameters / work.batchSize);
  return {
    nodes,
    pods,
    podsOnNode,
    coresOfPod,
    computeSeconds,
    wallSeconds: timeline.start + computeSeconds,
    billedNodeSeconds,
    objects: Math.max(blocks, Math.ceil((workers * shareSeconds) / SECONDS_PER_OBJECT)),
    cost: sweepCost(node, billedNodeSeconds, nodes * computeSeconds * busy),
  };
}

/** How long a machine is paid for that is bought for a sweep. */
export function billedSeconds(computeSeconds: number, timeline: TimelineFacts): number {
  const { decision, start, idle, minimumBilled } = timeline;
  return Math.max(minimumBilled, start - decision + computeSeconds + idle);
}

/** @param busyVCpuSeconds of all nodes together. */
export function sweepCost(node: NodePoolFacts, billedNodeSeconds: number, busyVCpuSeconds: number): SweepCost {
  const hours = billedNodeSeconds / 3600;
  const volumesUsd = node.volumeUsdPerHour * hours;
  const creditsUsd = creditsCost(node, hours, busyVCpuSeconds / 3600);
  const total = (usdPerHour: number) => usdPerHour * hours + volumesUsd + creditsUsd;
  return {
    onDemandUsd: total(node.onDemandUsdPerHour),
    spotUsd: { least: total(node.spotUsdPerHour.least), most: total(node.spotUsdPerHour.most) },
    volumesUsd,
    creditsUsd,
  };
}

/** A burstable type earns its baseline while it is on, and pays for what it uses above. */
export function creditsCost({ credits }: NodePoolFacts, nodeHours: number, busyVCpuHours: number): number {
  if (credits === undefined) return 0;
  return Math.max(0, busyVCpuHours - nodeHours * credits.baselineVCpus) * credits.usdPerVCpuHour;
}
