import type { Measurement } from "sweep-worker";
import { countNoun, largestBatchSize } from "sweep-worker/contract";
import { podsPerNode } from "../../constructs/workload/job-machines.ts";
import type { EnvironmentFacts, JobFacts } from "../cost/environment.ts";
import type { NodePoolFacts, PodShape } from "../cost/machines.ts";
import type { PriceRange } from "../cost/money.ts";
import { type Arrangement, type Prediction, predict, type Work } from "../cost/prediction.ts";
import { costBesideMachines, resultBytes } from "../cost/sweep.ts";
import { type Recommendation, recommend } from "./recommendation.ts";

/** A measured evaluation, and the sweep to plan. */
export interface PlanInput {
  readonly measurement: Measurement;
  readonly totalParameters: number;
  readonly batchSize: number;
  readonly columns: readonly string[];
  readonly timeoutSeconds: number;
  readonly maxFailures: number;
  /** The speed of a core of the pool, relative to one of this machine. */
  readonly speed: number;
}

/** A sweep in one arrangement, and its part of the bill. */
export interface Scenario {
  readonly label: string;
  readonly prediction: Prediction;
  readonly onDemandUsd: number;
  readonly spotUsd: PriceRange;
  /** The maximum of the pool, if the scenario exceeds it. */
  readonly beyondMaximum: number | undefined;
}

export interface Plan {
  readonly node: NodePoolFacts;
  readonly scenarios: readonly Scenario[];
  readonly recommendation: Recommendation;
  readonly resultBytes: number;
}

/** Seconds of a run on this machine when nothing else runs here, with their interval. */
export function onThisMachine({ measurement, totalParameters }: PlanInput, workers: number) {
  const { secondsPerParameter, confidence, warmUpSeconds } = measurement;
  const largestShare = Math.ceil(totalParameters / workers);
  const runSeconds = (perParameter: number) => warmUpSeconds + largestShare * perParameter;
  return {
    seconds: runSeconds(secondsPerParameter),
    least: runSeconds(confidence.least),
    most: runSeconds(confidence.most),
  };
}

/** The sweep, with the times that it takes on the pool's cores. */
export function workOf({ measurement, totalParameters, batchSize, speed }: PlanInput): Work {
  const secondsPerParameter = measurement.secondsPerParameter / speed;
  const warmUpSeconds = measurement.warmUpSeconds / speed;
  return { totalParameters, secondsPerParameter, warmUpSeconds, batchSize };
}

/** @param nodeCounts numbers of nodes to compare. */
export function planFor(
  input: PlanInput,
  environment: EnvironmentFacts,
  job: JobFacts,
  node: NodePoolFacts,
  nodeCounts: readonly number[],
): Plan {
  const { measurement, totalParameters, timeoutSeconds } = input;
  const { timeline } = environment;
  const work = workOf(input);
  const largest = largestBatchSize(job.pod.memoryLimitMiB, input.columns.length);
  const present = { ...job.pod, timeoutSeconds, largestBatchSize: largest };
  const slowest = { seconds: measurement.slowestSeconds, speed: input.speed };
  const recommendation = recommend(work, node, present, slowest, timeline);
  const bytes = resultBytes(totalParameters, input.columns.length);
  const recommended: Work = { ...work, batchSize: recommendation.batchSize };
  const scenario = (label: string, of: Work, arrangement: Arrangement) =>
    priced(label, predict(of, arrangement, timeline), environment, node, bytes);
  const onNodes = (nodes: number) => {
    const workers = Math.max(1, Math.min(nodes * podsPerNode(node.room, recommendation.pod), totalParameters));
    return arrangementOf(node, recommendation.pod, workers, nodes);
  };
  const { workers, nodes } = recommendation;
  return {
    node,
    recommendation,
    resultBytes: bytes,
    scenarios: [
      // A paused job is predicted as if it ran.
      scenario(`${job.name} as it is`, work, { ...job, parallelism: job.parallelism || job.workers, node }),
      ...nodeCounts.map((count) => scenario(countNoun(count, "node"), recommended, onNodes(count))),
      scenario("recommended", recommended, arrangementOf(node, recommendation.pod, workers, nodes)),
    ],
  };
}

function arrangementOf(node: NodePoolFacts, pod: PodShape, workers: number, nodes: number): Arrangement {
  return { node, pod, workers, parallelism: workers, nodes: Math.min(nodes, workers) };
}

function priced(
  label: string,
  prediction: Prediction,
  { storage }: EnvironmentFacts,
  node: NodePoolFacts,
  bytes: number,
): Scenario {
  const { cost, nodes } = prediction;
  const { storageUsd, natUsd } = costBesideMachines(prediction, bytes, storage);
  const rest = storageUsd + natUsd;
  return {
    label,
    prediction,
    onDemandUsd: cost.onDemandUsd + rest,
    spotUsd: { least: cost.spotUsd.least + rest, most: cost.spotUsd.most + rest },
    beyondMaximum: nodes > node.maximumNodes ? node.maximumNodes : undefined,
  };
}
