import { countOf, type Range } from "../parameters/ranges.ts";
import type { Failure, FailureKind } from "../stores/store.ts";

/** The time that a block, or a part of one, has taken. */
export interface Observation {
  /** Seconds from the start of the sample to the start of the block. */
  readonly at: number;
  readonly seconds: number;
  readonly count: number;
}

/** Everything that a sample has observed. */
export interface RawSample {
  readonly observations: readonly Observation[];
  /** The evaluated parameters, each once: blocks are chosen at random and may overlap. */
  readonly evaluated: readonly Range[];
  readonly failures: readonly Failure[];
  readonly elapsedSeconds: number;
  /** How long the block that was not finished had been computed when the time was up. */
  readonly unfinishedSeconds: number | undefined;
}

/** The cost of an evaluation on one core of this machine, estimated from a sample. */
export interface Measurement {
  readonly secondsPerParameter: number;
  /** The 95 % confidence interval of the mean, if the sampled blocks are like the others. */
  readonly confidence: { readonly least: number; readonly most: number };
  /** The 10th and the 90th percentile of the blocks' cost for a parameter. */
  readonly spread: { readonly least: number; readonly most: number };
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
  readonly unfinishedSeconds: number | undefined;
}

/** The share of the time that does not count: V8 has not compiled the evaluation yet, and blocks are small. */
const WARM_UP_SHARE = 0.1;
/** If fewer blocks would be left, the warm-up counts too. */
const LEAST_BLOCKS = 20;

/** Estimates the cost from the observations of a sample. */
export function measure(sample: RawSample): Measurement {
  const { observations, evaluated, elapsedSeconds, unfinishedSeconds } = sample;
  const failures = [...new Map(sample.failures.map((failure) => [failure.parameter, failure])).values()];
  const warm = observations.filter(({ at }) => at >= WARM_UP_SHARE * elapsedSeconds);
  const used = warm.length >= LEAST_BLOCKS ? warm : observations;
  // Every block has the same weight: blocks in an expensive part of the range are smaller, but must not count less.
  const costs = used.map(({ seconds, count }) => seconds / count).sort((a, b) => a - b);
  const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  const variance = costs.reduce((sum, cost) => sum + (cost - mean) ** 2, 0) / Math.max(1, costs.length - 1);
  const error = 1.96 * Math.sqrt(variance / costs.length);
  const quantile = (share: number) => costs[Math.floor(share * (costs.length - 1))] as number;
  const slowest = used.reduce((a, b) => (b.seconds > a.seconds ? b : a));
  const slowestSeconds = Math.max(slowest.seconds, unfinishedSeconds ?? 0);
  const kinds = [...new Set(failures.map(({ kind }) => kind))];
  return {
    secondsPerParameter: mean,
    confidence: { least: Math.max(0, mean - error), most: mean + error },
    spread: { least: quantile(0.1), most: quantile(0.9) },
    slowestSeconds,
    slowestIsExact: slowest.count === 1 && slowestSeconds === slowest.seconds,
    parameters: countOf(evaluated),
    evaluations: observations.reduce((sum, { count }) => sum + count, 0),
    blocks: used.length,
    failed: failures.length,
    failedByKind: Object.fromEntries(kinds.map((kind) => [kind, failures.filter((one) => one.kind === kind).length])),
    failures: kinds.flatMap((kind) => {
      const first = failures.find((one) => one.kind === kind);
      return first === undefined ? [] : [{ parameter: first.parameter, error: first.error }];
    }),
    elapsedSeconds,
    unfinishedSeconds,
  };
}
