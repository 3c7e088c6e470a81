import { mean, probit } from "simple-statistics";

/** A block that was measured. */
export interface MeasuredBlock {
  readonly start: number;
  readonly count: number;
  readonly seconds: number;
}

/** The mean cost of the parameters of a range, and an interval for it. */
export interface Estimate {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

/** Nine of ten is promised. The rest is for the approximations below. */
const CONFIDENCE = 0.95;
/** A long run differs from a short sample of it by this much: clock rates, caches and garbage collection change. */
const DRIFT = 0.1;
/** The heaviest tail to reckon with, as the reciprocal of Pareto's exponent. With 1 there would be no mean. */
const HEAVIEST_TAIL = 0.8;

/**
 * Estimates the mean cost of a parameter from blocks that are spread evenly over the range (see SampleBlocks).
 *
 * The mean is the pooled one, seconds by parameters. The interval is that of the Bayesian bootstrap: the weights of the blocks are
 * random, and uniform over all weights that add up to 1. It is as skewed as the costs are, while an interval of the normal
 * distribution is too short above, and may begin below zero, when few blocks have most of the cost. Each end gets a block that was not
 * seen: one without cost below, and one beyond the most expensive above. Gaffke's bounds are made so, for costs with a known
 * maximum. Here the maximum is unknown, and a Pareto tail through the most expensive blocks gives the mean of what lies beyond.
 * So nothing is proved; the tests simulate eight shapes of cost and count how often the interval holds the mean.
 *
 * Two factors make it shorter. The evenly spread blocks are a stratified sample: if neighbours in the range resemble each other
 * (ramps, expensive regions), the mean varies less than that of blocks drawn at random. And the more of the range was evaluated, the
 * less is unknown.
 *
 * No interval knows parameters that are too rare for the sample: one in a million that takes an hour is not seen in a thousand.
 *
 * @see Rubin, "The Bayesian bootstrap" (1981); Phan, Thomas and Learned-Miller, "Towards practical mean bounds for small samples"
 * (2021), for Gaffke's bound; Wolter, "Introduction to variance estimation" (2007), chapter 8, for the neighbours.
 */
export function estimate(measured: readonly MeasuredBlock[], totalParameters: number): Estimate {
  const blocks = onceEach(measured);
  const parameters = blocks.reduce((sum, { count }) => sum + count, 0);
  const pooled = blocks.reduce((sum, { seconds }) => sum + seconds, 0) / parameters;
  const costs = blocks.map(({ seconds, count }) => seconds / count);
  const unknown = Math.max(0, 1 - parameters / totalParameters);
  const scale = Math.sqrt(unknown * stratificationEffect(costs));
  const z = probit((1 + CONFIDENCE) / 2);
  const below = pooled - bootstrapQuantile([...costs, 0], -z);
  const above = bootstrapQuantile([...costs, meanBeyond(costs)], z) - pooled;
  const drift = DRIFT * pooled;
  return {
    mean: pooled,
    least: Math.max(0, pooled - Math.hypot(scale * Math.max(0, below), drift)),
    most: pooled + Math.hypot(scale * Math.max(0, above), drift),
  };
}

/** The blocks sorted by position. One that was measured several times has the mean of its times. */
function onceEach(measured: readonly MeasuredBlock[]): MeasuredBlock[] {
  const groups = new Map<number, MeasuredBlock[]>();
  for (const block of measured) {
    const same = groups.get(block.start);
    if (same === undefined) groups.set(block.start, [block]);
    else same.push(block);
  }
  return [...groups.values()]
    .map((same) => {
      const [first] = same as [MeasuredBlock];
      return same.length === 1 ? first : { ...first, seconds: mean(same.map(({ seconds }) => seconds)) };
    })
    .sort((a, b) => a.start - b.start);
}

/**
 * The variance between neighbours as a share of the whole variance: 1 for costs without any order, near 0 for a ramp. A few blocks
 * that happen to be alike prove no order, so the share has a least value.
 */
function stratificationEffect(costs: readonly number[]): number {
  const center = mean([...costs]);
  let variance = 0;
  let neighbours = 0;
  for (const [index, cost] of costs.entries()) {
    variance += (cost - center) ** 2;
    if (index > 0) neighbours += (cost - (costs[index - 1] as number)) ** 2 / 2;
  }
  return variance === 0 ? 1 : Math.min(1, Math.max(neighbours / variance, 1 / Math.sqrt(costs.length)));
}

/** The mean cost of blocks beyond the most expensive one, from a Pareto tail with Hill's estimate of the reciprocal of its exponent. */
function meanBeyond(costs: readonly number[]): number {
  const sorted = Float64Array.from(costs).sort().reverse();
  const largest = sorted[0] as number;
  const inTail = Math.max(1, Math.floor(Math.sqrt(costs.length)));
  const threshold = sorted[inTail] ?? 0;
  const tail = sorted.subarray(0, inTail);
  const heaviness =
    threshold > 0 ? tail.reduce((sum, cost) => sum + Math.log(cost / threshold), 0) / inTail : HEAVIEST_TAIL;
  // Few blocks show no tail: then the next may be much more expensive.
  return largest * Math.max(1 / (1 - Math.min(heaviness, HEAVIEST_TAIL)), 1 + 10 / costs.length);
}

/**
 * A quantile of the weighted mean with uniform random weights, from its first three moments, which are exact. Its distribution is
 * taken for a shifted gamma, which is the limit both for one expensive block among many and for many that are much the same.
 *
 * @param z the quantile of the standard normal distribution.
 */
function bootstrapQuantile(costs: readonly number[], z: number): number {
  const n = costs.length;
  const center = mean([...costs]);
  let second = 0;
  let third = 0;
  for (const cost of costs) {
    second += (cost - center) ** 2 / n;
    third += (cost - center) ** 3 / n;
  }
  if (!(second > 0)) return center;
  const deviation = Math.sqrt(second / (n + 1));
  const skewness = (2 * third) / ((n + 1) * (n + 2)) / deviation ** 3;
  return center + deviation * gammaQuantile(z, skewness);
}

/** The quantile of a gamma distribution with mean 0, deviation 1 and this skewness (Wilson and Hilferty, 1931). */
function gammaQuantile(z: number, skewness: number): number {
  if (Math.abs(skewness) < 1e-6) return z;
  return (2 / skewness) * (Math.max(0, 1 + (skewness * z) / 6 - skewness ** 2 / 36) ** 3 - 1);
}
