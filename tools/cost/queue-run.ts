import { machinesFor, podsPerNode } from "../../constructs/workload/job-machines.ts";
import type { EnvironmentFacts } from "./environment.ts";
import type { ExecutorsFacts } from "./executors.ts";
import { busyVCpus, coresOfNode, type TimelineFacts } from "./machines.ts";
import { dollars, type PriceRange } from "./money.ts";
import { billedSeconds, objectsOf, type SweepCost, sweepCost, type Work } from "./prediction.ts";
import { MESSAGES_OF_A_SLICE, messageUsd, queueTimeline } from "./queue-requests.ts";
import { costBesideMachines } from "./sweep.ts";

/** The time and the cost of one run on executors, which are bought for it. */
export interface QueueRun {
  readonly size: string;
  readonly nodes: number;
  readonly executors: number;
  /** From the first parameter to the last. */
  readonly computeSeconds: number;
  /** From the submission to the last result. */
  readonly wallSeconds: number;
  /** The sum over all nodes, from purchase to return. */
  readonly billedNodeSeconds: number;
  readonly messages: number;
  readonly cost: SweepCost;
  /** For the messages: requests to the queue, and those to the bucket that ask what is missing. */
  readonly requests: PriceRange;
  readonly storage: PriceRange;
  readonly nat: PriceRange;
}

/** An evaluation computes on one vCPU, and nothing limits it below that. */
const ONE_VCPU = { cpuLimitMillis: 1000, cpuRequestMillis: 0, memoryRequestMiB: 0, temporaryStorageMiB: 0, gpus: 0 };

/**
 * Predicts a run on executors that do nothing else. They divide the work while it goes on, so that all end together: a simulation has 0.96
 * to 1.00 of that (`npm run bench -- queue`), which the prediction ignores, as it ignores the differences between the shares of a job.
 */
export function queueRun(
  work: Work,
  resultBytes: number,
  { size, node, pod, slots, running, sliceSeconds }: ExecutorsFacts,
  { timeline, storage: prices }: Pick<EnvironmentFacts, "timeline" | "storage">,
): QueueRun {
  const fits = podsPerNode(node.room, pod);
  const { totalParameters, secondsPerParameter, warmUpSeconds = 0, batchSize } = work;
  const coresOf = (podsOnNode: number) => coresOfNode(node, podsOnNode * slots, ONE_VCPU) / podsOnNode;
  const coreSeconds = totalParameters * secondsPerParameter;
  // Executors come for messages. A run of seconds has one.
  const asked = Math.ceil(((coreSeconds / coresOf(fits)) * MESSAGES_OF_A_SLICE) / sliceSeconds);
  const executors = Math.min(running, asked);
  const { nodes } = machinesFor(executors, fits, node.maximumNodes);
  const podsOnNode = Math.ceil(executors / nodes);
  const computeSeconds = warmUpSeconds + coreSeconds / (executors * coresOf(podsOnNode));
  const slotSeconds = computeSeconds * executors * slots;
  const messages = Math.ceil((slotSeconds * MESSAGES_OF_A_SLICE) / sliceSeconds) + executors * slots;
  const billedNodeSeconds = nodes * billedSeconds(computeSeconds, timelineOnQueue(timeline));
  const busy = busyVCpus(node.room.cpuMillis, podsOnNode * slots, ONE_VCPU.cpuLimitMillis);
  const objects = objectsOf({ totalParameters, batchSize }, slotSeconds);
  const { storageUsd, natUsd } = costBesideMachines({ objects, nodes }, resultBytes, prices);
  return {
    size,
    nodes,
    executors,
    computeSeconds,
    wallSeconds: timelineOnQueue(timeline).start + computeSeconds,
    billedNodeSeconds,
    messages,
    cost: sweepCost(node, billedNodeSeconds, nodes * computeSeconds * busy),
    requests: dollars(messages * messageUsd({ slots, sliceSeconds }, prices)),
    storage: dollars(storageUsd),
    nat: dollars(natUsd),
  };
}

/** The timeline of a Job with what KEDA adds to it. */
function timelineOnQueue({ decision, start, idle, minimumBilled }: TimelineFacts): TimelineFacts {
  const { pollSeconds, scaleSeconds, cooldownSeconds } = queueTimeline;
  const later = pollSeconds + scaleSeconds;
  return {
    decision: decision + later,
    start: start + later,
    idle: idle + cooldownSeconds + pollSeconds,
    minimumBilled,
  };
}
