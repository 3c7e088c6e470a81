import { countOf, type Range } from "../parameters/ranges.ts";
import type { ComputingTime, Failure, FailureKind } from "../stores/store.ts";
import { type CostOf, costModel } from "./block-cost.ts";
import { estimate, type MeasuredBlock } from "./estimate.ts";
import type { SampleBlock } from "./sample-blocks.ts";

/** A block of the sample, and the time that it has taken. */
export interface Observation extends SampleBlock {
  readonly time: ComputingTime;
  /** Whether only the clock measured it: its CPU time is then unknown, and 0 in `time`. @default false */
  readonly isByClock?: boolean;
}

/** Everything that a sample has observed. */
export interface RawSample {
  readonly totalParameters: number;
  readonly observations: readonly Observation[];
  /** The evaluated parameters, each once: warm-up and sample may overlap. */
  readonly evaluated: readonly Range[];
  readonly failures: readonly Failure[];
  readonly elapsedSeconds: number;
  /** The part of a block until the time was up, with the parameter that was not finished. */
  readonly unfinished: Observation | undefined;
  /** The share of the CPU time that other programs took, from 0 to 1. */
  readonly busyShare: number;
}

/** The cost of an evaluation on one core of this machine when nothing else runs, estimated from a sample. */
export interface Measurement {
  /** CPU time where the evaluation computes, and time by the clock where it waits. */
  readonly secondsPerParameter: number;
  /** Holds the mean of the whole range for nine of ten samples or more, if nothing is rarer than the sample can see. */
  readonly confidence: { readonly least: number; readonly most: number };
  /** The 10th and the 90th percentile of the blocks' cost for a parameter. */
  readonly spread: { readonly least: number; readonly most: number };
  /** The part of the whole cost in the most expensive hundredth of the blocks, from 0.01 to 1. */
  readonly topShare: number;
  /** What the first evaluation of a process takes more than a later one, in seconds: each worker pays it once. */
  readonly warmUpSeconds: number;
  /**
   * The part of the cost in which the evaluation waits and needs no CPU, from 0 to 1. Undefined if only the clock was measured, because
   * several parameters were in flight at a time or because each of them ended the process.
   */
  readonly waitingShare: number | undefined;
  /** The share of the CPU time that other programs took during the sample, from 0 to 1. */
  readonly busyShare: number;
  /** An upper bound of the slowest parameter's time; exact if that parameter was measured alone. */
  readonly slowestSeconds: number;
  readonly slowestIsExact: boolean;
  /** The number of different parameters that were evaluated. */
  readonly parameters: number;
  /** More than `parameters` if some were evaluated again. */
  readonly evaluations: number;
  readonly blocks: number;
  /** How many of the parameters failed. */
  readonly failed: number;
  readonly failedByKind: Readonly<Partial<Record<FailureKind, number>>>;
  /** One failure of each kind. */
  readonly failures: readonly { readonly parameter: number; readonly error: string }[];
  readonly elapsedSeconds: number;
  /** How long a parameter had been computed that was not finished when the time was up. */
  readonly unfinishedSeconds: number | undefined;
}

/** If the main part of the sample has fewer blocks, the warm-up counts too. */
const LEAST_BLOCKS = 20;

/** Estimates the cost from the observations of a sample. */
export function measure(sample: RawSample): Measurement {
  const { observations, evaluated, elapsedSeconds } = sample;
  const used = withUnfinished(blocksToUse(observations), sample.unfinished);
  const unfinishedSeconds = sample.unfinished?.time.wallSeconds;
  const costOf = costModel(
    used.map(({ time }) => time),
    sample.busyShare,
  );
  const blocks = used.map(({ start, count, time }) => ({ start, count, seconds: costOf(time) }));
  const { mean, least, most } = estimate(blocks, sample.totalParameters);
  const costs = Float64Array.from(blocks, ({ seconds, count }) => seconds / count).sort();
  const quantile = (share: number) => costs[Math.floor(share * (costs.length - 1))] as number;
  const { slowest, slowestIsExact } = slowestOf(withUnfinished(withoutFirst(observations), sample.unfinished), costOf);
  const slowestSeconds = Math.max(slowest, unfinishedSeconds ?? 0);
  const seconds = blocks.reduce((sum, block) => sum + block.seconds, 0);
  return {
    secondsPerParameter: mean,
    confidence: { least, most },
    spread: { least: quantile(0.1), most: quantile(0.9) },
    topShare: topShareOf(blocks, seconds),
    warmUpSeconds: warmUpOf(observations, costOf),
    waitingShare: waitingShareOf(used, costOf),
    busyShare: sample.busyShare,
    slowestSeconds,
    slowestIsExact: slowestIsExact && slowestSeconds === slowest,
    parameters: countOf(evaluated),
    evaluations: observations.reduce((sum, { count }) => sum + count, 0),
    blocks: used.length,
    ...summaryOf(sample.failures),
    elapsedSeconds,
    unfinishedSeconds,
  };
}

/** The main part. If it is short, every block except the first evaluation, unless there is no other. */
function blocksToUse(observations: readonly Observation[]): readonly Observation[] {
  const main = observations.filter(({ phase }) => phase === "main");
  if (main.length >= LEAST_BLOCKS) return main;
  return withoutFirst(observations);
}

function withoutFirst(observations: readonly Observation[]): readonly Observation[] {
  const later = observations.filter(({ phase }) => phase !== "first");
  return later.length > 0 ? later : observations;
}

/** The warm-up counts: only there does an evaluation with several parameters in flight have one, whose time is its own. */
function slowestOf(observations: readonly Observation[], costOf: CostOf) {
  const costs = observations.map(({ count, time }) => ({ count, seconds: costOf(time) }));
  const { seconds, count } = costs.reduce((a, b) => (b.seconds > a.seconds ? b : a));
  return { slowest: seconds, slowestIsExact: count === 1 };
}

/** An unfinished block says nothing, unless it is more expensive already than the others are. */
function withUnfinished(finished: readonly Observation[], unfinished: Observation | undefined) {
  if (unfinished === undefined) return finished;
  const seconds = finished.reduce((sum, { time }) => sum + time.wallSeconds, 0);
  const parameters = countOf(finished);
  return unfinished.time.wallSeconds / unfinished.count > seconds / parameters ? [...finished, unfinished] : finished;
}

/** The same parameter is compared with itself: an expensive one is no warm-up. */
function warmUpOf(observations: readonly Observation[], costOf: CostOf): number {
  const first = observations.find(({ phase }) => phase === "first");
  const again = observations.find(({ phase }) => phase === "first-again");
  if (first === undefined || again === undefined) return 0;
  return Math.max(0, costOf(first.time) - costOf(again.time));
}

function waitingShareOf(observations: readonly Observation[], costOf: CostOf): number | undefined {
  const times = observations.filter(({ isByClock = false }) => !isByClock).map(({ time }) => time);
  if (times.length === 0) return undefined;
  const cpuSeconds = times.reduce((sum, time) => sum + time.cpuSeconds, 0);
  return Math.max(0, 1 - cpuSeconds / times.reduce((sum, time) => sum + costOf(time), 0));
}

function topShareOf(blocks: readonly MeasuredBlock[], seconds: number): number {
  const sorted = Float64Array.from(blocks, (block) => block.seconds).sort();
  const top = sorted.subarray(sorted.length - Math.ceil(sorted.length / 100));
  return top.reduce((sum, one) => sum + one, 0) / seconds;
}

function summaryOf(all: readonly Failure[]): Pick<Measurement, "failed" | "failedByKind" | "failures"> {
  const failures = [...new Map(all.map((failure) => [failure.parameter, failure])).values()];
  const kinds = [...new Set(failures.map(({ kind }) => kind))];
  return {
    failed: failures.length,
    failedByKind: Object.fromEntries(kinds.map((kind) => [kind, failures.filter((one) => one.kind === kind).length])),
    failures: kinds.flatMap((kind) => {
      const first = failures.find((one) => one.kind === kind);
      return first === undefined ? [] : [{ parameter: first.parameter, error: first.error }];
    }),
  };
}
