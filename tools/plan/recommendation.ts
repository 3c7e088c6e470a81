import { countNoun, describeSeconds, LIMITS } from "sweep-worker/contract";
import { podsPerNode } from "../../constructs/workload/job-machines.ts";
import { coresOfNode, type NodePoolFacts, type PodShape, type TimelineFacts } from "../cost/machines.ts";
import { SECONDS_PER_OBJECT, type Work } from "../cost/prediction.ts";

export interface Recommendation {
  readonly nodes: number;
  /** The recommendation without the maximum of the pool. */
  readonly nodesWithoutMaximum: number;
  readonly workers: number;
  readonly pod: PodShape;
  readonly batchSize: number;
  /** Undefined if the present timeout is long enough. */
  readonly timeoutSeconds: number | undefined;
  /** One line for each setting. */
  readonly reasons: {
    readonly nodes: string;
    readonly pod: string;
    readonly batchSize: string;
    readonly timeout: string;
  };
}

/** The slowest parameter of the sample. */
export interface SlowestParameter {
  /** Its time here. */
  readonly seconds: number;
  /** The speed of a core of the pool, relative to one of this machine. */
  readonly speed: number;
}

/** Blocks of each worker: enough to spread expensive parameters evenly (docs/worker.md, "Shares"). */
const BLOCKS_PER_WORKER = 20;
/** Larger blocks save next to no requests, and each million values takes 8 MB several times. */
const LARGEST_BATCH = 1_000_000;
/** A timeout close to the normal time would lose parameters on a busy machine. */
const TIMEOUT_FACTOR = 10;
const FULL_CORE_MILLIS = 1000;

/** Recommends settings that use the paid capacity, with only as many nodes as justify their start-up cost. */
export function recommend(
  work: Work,
  node: NodePoolFacts,
  /** The job's pod, with the largest blocks for which its memory is enough. */
  present: PodShape & { readonly timeoutSeconds: number; readonly largestBatchSize: number },
  slowest: SlowestParameter,
  timeline: TimelineFacts,
): Recommendation {
  const pod = podFor(node, present);
  const fits = podsPerNode(node.room, pod);
  const coresOfPod = coresOfNode(node, fits, pod) / fits;
  const { nodesWithoutMaximum, paidIdle, nodeSeconds } = nodesFor(work, coresOfPod * fits, timeline);
  const nodes = Math.min(nodesWithoutMaximum, node.maximumNodes);
  const workers = Math.max(1, Math.min(nodes * fits, work.totalParameters));
  const batchSize = batchSizeFor(work, workers, coresOfPod, present.largestBatchSize);
  const blockSeconds = (batchSize * work.secondsPerParameter) / coresOfPod;
  const slowestInPod = slowest.seconds / slowest.speed / coresOfPod;
  const timeoutSeconds = isTimedOut(slowest.seconds, present.timeoutSeconds)
    ? undefined
    : timeoutFor(slowestInPod, present.timeoutSeconds);
  return {
    nodes,
    nodesWithoutMaximum,
    workers,
    pod,
    batchSize,
    timeoutSeconds,
    reasons: {
      nodes: nodesReason(nodesWithoutMaximum, paidIdle, nodeSeconds, node),
      pod: podReason(present, pod, fits, node),
      batchSize: batchSizeReason(batchSize, blockSeconds, work, workers, present.largestBatchSize),
      timeout: timeoutReason(slowest.seconds, slowestInPod, timeoutSeconds, present.timeoutSeconds),
    },
  };
}

/** One pod per vCPU, because a pod evaluates one parameter at a time. Each pod may use a whole vCPU. */
function podFor(node: NodePoolFacts, present: PodShape): PodShape {
  const { room, vCpus } = node;
  if (present.gpus > 0) return { ...present, cpuLimitMillis: Math.max(present.cpuLimitMillis, FULL_CORE_MILLIS) };
  // Memory may limit the number of pods below the number of vCPUs.
  const pods = Math.max(1, Math.min(vCpus, podsPerNode(node.room, { ...present, cpuRequestMillis: 0 })));
  return {
    ...present,
    cpuRequestMillis: Math.floor(room.cpuMillis / pods),
    cpuLimitMillis: Math.max(FULL_CORE_MILLIS, Math.floor(room.cpuMillis / pods)),
  };
}

/** The largest number of nodes that each compute at least as long as they start and idle. */
function nodesFor({ totalParameters, secondsPerParameter }: Work, coresOfNode: number, timeline: TimelineFacts) {
  const nodeSeconds = (totalParameters * secondsPerParameter) / coresOfNode;
  const paidIdle = timeline.start - timeline.decision + timeline.idle;
  return { nodesWithoutMaximum: Math.max(1, Math.floor(nodeSeconds / paidIdle)), paidIdle, nodeSeconds };
}

function nodesReason(wanted: number, paidIdle: number, nodeSeconds: number, node: NodePoolFacts): string {
  const paid = `each node costs ${describeSeconds(paidIdle)} of start and idling`;
  if (wanted === 1)
    return `${paid}, and one computes everything in ${describeSeconds(nodeSeconds)}: a second node would idle most of the time`;
  const reason = `${paid}, and one alone would compute for ${describeSeconds(nodeSeconds)}; more than ${wanted} would idle longer than they compute`;
  return wanted <= node.maximumNodes
    ? reason
    : `${reason}. ${node.name} allows ${node.maximumNodes}: raise its capacity`;
}

function batchSizeFor(
  { totalParameters, secondsPerParameter }: Work,
  workers: number,
  coresOfPod: number,
  largest: number,
): number {
  const inOneObject = (SECONDS_PER_OBJECT * coresOfPod) / secondsPerParameter;
  const balanced = totalParameters / (workers * BLOCKS_PER_WORKER);
  const least = Math.max(1, Math.ceil(totalParameters / LIMITS.blocks));
  return Math.max(least, roundDown(Math.min(inOneObject, balanced, LARGEST_BATCH, largest)));
}

function batchSizeReason(
  batchSize: number,
  blockSeconds: number,
  { totalParameters }: Work,
  workers: number,
  largest: number,
): string {
  const time = `${describeSeconds(blockSeconds)} of a pod's time`;
  if (blockSeconds > SECONDS_PER_OBJECT / 2) {
    return `${time}; longer blocks save no request, because a worker stores its results every ${SECONDS_PER_OBJECT} s; an interruption costs as much`;
  }
  if (batchSize === LARGEST_BATCH) return `${time}; larger blocks would save next to no requests, and take more memory`;
  if (batchSize === roundDown(largest)) return `${time}; larger blocks would need more memory than the job gives a pod`;
  const blocks = Math.floor(totalParameters / workers / batchSize);
  return `${time}; each worker has ${countNoun(blocks, "block")} from all parts of the range, so that all end together`;
}

/** Keeps two digits: rounder numbers would cost up to twice the requests. */
function roundDown(value: number): number {
  if (value < 1) return 1;
  const power = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return power * Math.floor(value / power);
}

function timeoutFor(slowestInPod: number, present: number): number | undefined {
  const needed = Math.ceil(TIMEOUT_FACTOR * slowestInPod);
  return present === 0 || needed <= present ? undefined : needed;
}

/** A parameter that timed out may never finish, so do not recommend a longer timeout. */
function isTimedOut(slowestSeconds: number, timeoutSeconds: number): boolean {
  return timeoutSeconds > 0 && slowestSeconds >= timeoutSeconds;
}

function timeoutReason(slowest: number, inPod: number, recommended: number | undefined, present: number): string {
  if (isTimedOut(slowest, present)) {
    return `some parameters did not return within ${describeSeconds(present)}: sweep replay shows whether they ever do`;
  }
  const took = `the slowest parameter took ${describeSeconds(slowest)} here, and would take ${describeSeconds(inPod)} in such a pod`;
  if (recommended !== undefined)
    return `${took}: ${recommended} s, ten times that, instead of ${describeSeconds(present)}`;
  return present === 0
    ? `${took}; there is no limit`
    : `${took}; the present limit of ${describeSeconds(present)} is far above`;
}

function podReason(present: PodShape, pod: PodShape, fits: number, node: NodePoolFacts): string {
  const shape = `${fits} pods of one vCPU each fill a node (${node.vCpus} vCPUs)`;
  if (pod.gpus > 0)
    return `one pod per ${pod.gpus === 1 ? "GPU" : countNoun(pod.gpus, "GPU")}, with a whole core to feed it`;
  if (present.cpuLimitMillis >= FULL_CORE_MILLIS) return shape;
  return `${shape}; with a limit of ${present.cpuLimitMillis} a pod idles ${Math.round(100 - present.cpuLimitMillis / 10)} % of the time, on a paid machine`;
}
