import { formatCount } from "sweep-worker/contract";
import { coresOfNode, type NodePoolFacts, type PodShape, podsPerNode, type TimelineFacts } from "./machines.ts";
import { SECONDS_PER_OBJECT, type Work } from "./prediction.ts";

export interface Recommendation {
  readonly nodes: number;
  /** What the work would deserve, were there no maximum. */
  readonly nodesWithoutMaximum: number;
  readonly workers: number;
  readonly pod: PodShape;
  readonly batchSize: number;
  /** Undefined where the present one will do. */
  readonly timeoutSeconds: number | undefined;
  /** A line for each setting. */
  readonly reasons: {
    readonly nodes: string;
    readonly pod: string;
    readonly batchSize: string;
    readonly timeout: string;
  };
}

/** Blocks of each worker: enough that what is expensive is spread evenly (docs/worker.md, "Shares"). */
const BLOCKS_PER_WORKER = 20;
/** A run has no more blocks (`contract.ts`); and a block of a million values takes 8 MB a column in a pod's /tmp, 32 times. */
const MAX_BLOCKS = 10_000_000;
const LARGEST_BATCH = 1_000_000;
/** A timeout that is close to what is normal loses parameters on a busy machine. */
const TIMEOUT_FACTOR = 10;
const FULL_CORE_MILLIS = 1000;

/** The settings for a work: what makes use of what is paid for, and no more machines than earn their start. */
export function recommend(
  work: Work,
  node: NodePoolFacts,
  present: PodShape & { readonly timeoutSeconds: number },
  slowestSeconds: number,
  timeline: TimelineFacts,
): Recommendation {
  const pod = podFor(node, present);
  const fits = podsPerNode(node, pod);
  const coresOfPod = coresOfNode(node, fits, pod) / fits;
  const { nodesWithoutMaximum, paidIdle, nodeSeconds } = nodesFor(work, coresOfPod * fits, timeline);
  const nodes = Math.min(nodesWithoutMaximum, node.maximumNodes);
  const workers = Math.max(1, Math.min(nodes * fits, work.totalParameters));
  const batchSize = batchSizeFor(work, workers, coresOfPod);
  const blockSeconds = (batchSize * work.secondsPerParameter) / coresOfPod;
  const timeoutSeconds = isTimedOut(slowestSeconds, present.timeoutSeconds)
    ? undefined
    : timeoutFor(slowestSeconds / coresOfPod, present.timeoutSeconds);
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
      batchSize: batchSizeReason(batchSize, blockSeconds, work, workers),
      timeout: timeoutReason(slowestSeconds, coresOfPod, timeoutSeconds, present.timeoutSeconds),
    },
  };
}

/** A pod for each vCPU, and a whole one: it is what evaluates one parameter at a time. */
function podFor(node: NodePoolFacts, present: PodShape): PodShape {
  const { room, vCpus } = node;
  if (present.gpus > 0) return { ...present, cpuLimitMillis: Math.max(present.cpuLimitMillis, FULL_CORE_MILLIS) };
  // What memory has no room for, the processors cannot use.
  const pods = Math.max(1, Math.min(vCpus, podsPerNode(node, { ...present, cpuRequestMillis: 0 })));
  return {
    ...present,
    cpuRequestMillis: Math.floor(room.cpuMillis / pods),
    cpuLimitMillis: Math.max(FULL_CORE_MILLIS, Math.floor(room.cpuMillis / pods)),
  };
}

/** So many nodes that each computes at least as long as it starts and idles. */
function nodesFor({ totalParameters, secondsPerParameter }: Work, coresOfNode: number, timeline: TimelineFacts) {
  const nodeSeconds = (totalParameters * secondsPerParameter) / coresOfNode;
  const paidIdle = timeline.start - timeline.decision + timeline.idle;
  return { nodesWithoutMaximum: Math.max(1, Math.floor(nodeSeconds / paidIdle)), paidIdle, nodeSeconds };
}

function nodesReason(wanted: number, paidIdle: number, nodeSeconds: number, node: NodePoolFacts): string {
  const paid = `a node is paid for ${Math.round(paidIdle)} s of start and idling`;
  if (wanted === 1)
    return `${paid}, and one computes everything in ${seconds(nodeSeconds)}: another node would be idle most of the time`;
  const reason = `${paid}, and one would compute for ${seconds(nodeSeconds)}; with more than ${wanted}, they idle longer than they compute`;
  return wanted <= node.maximumNodes
    ? reason
    : `${reason}. ${node.name} allows ${node.maximumNodes}: raise its capacity`;
}

function batchSizeFor({ totalParameters, secondsPerParameter }: Work, workers: number, coresOfPod: number): number {
  const inOneObject = (SECONDS_PER_OBJECT * coresOfPod) / secondsPerParameter;
  const balanced = totalParameters / (workers * BLOCKS_PER_WORKER);
  const least = Math.max(1, Math.ceil(totalParameters / MAX_BLOCKS));
  return Math.max(least, roundDown(Math.min(inOneObject, balanced, LARGEST_BATCH)));
}

function batchSizeReason(batchSize: number, blockSeconds: number, { totalParameters }: Work, workers: number): string {
  const time = `${seconds(blockSeconds)} of a pod's time`;
  if (blockSeconds > SECONDS_PER_OBJECT / 2) {
    return `${time}; longer blocks save no request, since what is done is stored every ${SECONDS_PER_OBJECT} s, and that is what an interruption costs`;
  }
  if (batchSize === LARGEST_BATCH) return `${time}; 32 larger ones would not fit into the /tmp of a small pod`;
  const blocks = Math.floor(totalParameters / workers / batchSize);
  return `${time}; each worker has ${formatCount(blocks)} blocks of all parts of the range, so that all end together`;
}

/** Two digits: rounder numbers would cost up to twice the requests. */
function roundDown(value: number): number {
  if (value < 1) return 1;
  const power = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return power * Math.floor(value / power);
}

function timeoutFor(slowestInPod: number, present: number): number | undefined {
  const needed = Math.ceil(TIMEOUT_FACTOR * slowestInPod);
  return present === 0 || needed <= present ? undefined : needed;
}

/** What did not return in time may never do: a longer timeout is then no cure. */
function isTimedOut(slowestSeconds: number, timeoutSeconds: number): boolean {
  return timeoutSeconds > 0 && slowestSeconds >= timeoutSeconds;
}

function timeoutReason(slowest: number, coresOfPod: number, recommended: number | undefined, present: number): string {
  if (isTimedOut(slowest, present)) {
    return `some parameters did not return within ${seconds(present)}: sweep replay shows whether they ever do`;
  }
  const took = `the slowest parameter took ${seconds(slowest)} here, and ${seconds(slowest / coresOfPod)} in such a pod`;
  if (recommended !== undefined) return `${took}: ${recommended} s, ten times that, in place of ${seconds(present)}`;
  return present === 0
    ? `${took}; there is no limit`
    : `${took}; the present limit of ${seconds(present)} is far beyond`;
}

function podReason(present: PodShape, pod: PodShape, fits: number, node: NodePoolFacts): string {
  const shape = `${fits} pods of one vCPU each fill a node (${node.vCpus} vCPUs)`;
  if (pod.gpus > 0)
    return `a pod for each ${pod.gpus === 1 ? "GPU" : `${pod.gpus} GPUs`}, and a whole core for what feeds it`;
  if (present.cpuLimitMillis >= FULL_CORE_MILLIS) return shape;
  return `${shape}; a limit of ${present.cpuLimitMillis} lets a pod stand still ${Math.round(100 - present.cpuLimitMillis / 10)} % of the time, on a machine that is paid for`;
}

/** `0.4 s`, `12 s`: two digits are all that a prediction is worth. */
export function seconds(value: number): string {
  if (value < 0.001) return "less than 1 ms";
  if (value < 1) return `${Number((value * 1000).toPrecision(2))} ms`;
  return value < 10 ? `${value.toFixed(1)} s` : `${formatCount(Math.round(value))} s`;
}
