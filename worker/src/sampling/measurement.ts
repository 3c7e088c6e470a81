import { countOf } from "../parameters/ranges.ts";
import type { FailureKind } from "../stores/store.ts";
import type { RawSample } from "./sample.ts";

/** What a sample says of an evaluation, on one core of this machine. */
export interface Measurement {
  readonly secondsPerParameter: number;
  /** Between which the mean lies with 95 % confidence, as far as the blocks were like the others. */
  readonly confidence: { readonly least: number; readonly most: number };
  /** What a parameter costs in the cheapest and in the most expensive tenth of the blocks. */
  readonly spread: { readonly least: number; readonly most: number };
  /** No parameter took longer; exact where it was measured alone. */
  readonly slowestSeconds: number;
  readonly slowestIsExact: boolean;
  /** Different ones: no more than there are. */
  readonly parameters: number;
  /** More than `parameters` where some were evaluated again. */
  readonly evaluations: number;
  readonly blocks: number;
  /** Of the parameters. */
  readonly failed: number;
  readonly failedByKind: Readonly<Partial<Record<FailureKind, number>>>;
  /** One of each kind. */
  readonly failures: readonly { readonly parameter: number; readonly error: string }[];
  readonly elapsedSeconds: number;
  readonly unfinishedSeconds: number | undefined;
}

/** The beginning does not count: V8 has not compiled the evaluation yet, and blocks are small. */
const WARM_UP_SHARE = 0.1;
/** Where fewer blocks are left, the beginning counts too. */
const LEAST_BLOCKS = 20;

export function measure(sample: RawSample): Measurement {
  const { observations, evaluated, elapsedSeconds, unfinishedSeconds } = sample;
  const failures = [...new Map(sample.failures.map((failure) => [failure.parameter, failure])).values()];
  const warm = observations.filter(({ at }) => at >= WARM_UP_SHARE * elapsedSeconds);
  const used = warm.length >= LEAST_BLOCKS ? warm : observations;
  // Each block is a draw of its own: that of an expensive part of the range must not count less for being smaller.
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
