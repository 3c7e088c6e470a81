import type { Range } from "../../worker/src/parameters/ranges.ts";
import { type Measurement, measure, type Observation } from "../../worker/src/sampling/measurement.ts";
import { SampleBlocks } from "../../worker/src/sampling/sample-blocks.ts";

/** A cost function over the range, on a machine that only exists as numbers: no clock of this machine has a part in it. */
export interface CostShape {
  /** Seconds of each parameter. `random` draws the costs of one population. */
  readonly costs: (random: () => number, total: number) => Float64Array;
  /** Seconds that the first evaluation takes more. @default 0 */
  readonly warmUp?: number;
  /** Whether the evaluation waits, and uses no CPU. @default false */
  readonly waits?: boolean;
}

/** On average, a parameter takes this long. */
const MEAN = 1e-3;
const PARETO = 1.3;

const each = (cost: (place: number, random: () => number) => number) => (random: () => number, total: number) =>
  Float64Array.from({ length: total }, (_, index) => MEAN * cost(index / total, random));

/** The eight shapes that `sweep plan` is measured with; each has a mean of one millisecond. */
export const COST_SHAPES: Readonly<Record<string, CostShape>> = {
  constant: { costs: each(() => 1) },
  linear: { costs: each((place) => 2 * place) },
  quadratic: { costs: each((place) => 3 * place ** 2) },
  "Pareto 1.3": { costs: each((_, random) => ((PARETO - 1) / PARETO) * (1 - random()) ** (-1 / PARETO)) },
  "first-slow": { costs: each(() => 1), warmUp: 0.3 },
  "async sleep": { costs: each(() => 1), waits: true },
  "rare-hard": { costs: each((_, random) => (random() < 0.005 ? 100 : 0.5)) },
  "last 1 % x 100": { costs: each((place) => (place >= 0.99 ? 100 : 1) / 1.99) },
};

/** What a simulated sample says, and the truth. */
export interface SimulatedSample {
  readonly measurement: Measurement;
  /** The mean cost of all parameters, in seconds. */
  readonly truth: number;
}

const TOTAL = 200_000;
/** A block costs this much beside its parameters, in seconds. */
const PER_BLOCK = 3e-5;
/** Blocks differ by this much on top of their costs, and a run from the sample by half of it. */
const NOISE = 0.1;

/**
 * Takes samples of one population of a shape.
 *
 * @param busy how long the work is in the queue for a CPU, at most, in multiples of its cost.
 */
export function simulateSamples(
  { costs, warmUp = 0, waits = false }: CostShape,
  { population, samples, seconds, busy }: { population: number; samples: number; seconds: number; busy: number },
): SimulatedSample[] {
  const values = costs(generator(population), TOTAL);
  const sums = new Float64Array(TOTAL + 1);
  for (const [index, value] of values.entries()) sums[index + 1] = (sums[index] as number) + value;
  const costOf = ({ start, count }: Range) => (sums[start + count] as number) - (sums[start] as number);
  return Array.from({ length: samples }, (_, sample) => {
    const seed = 1000 * population + sample;
    const random = generator(seed + 1);
    const blocks = new SampleBlocks(TOTAL, seed);
    const observations: Observation[] = [];
    let elapsed = 0;
    for (const block of blocks.until(() => elapsed, seconds)) {
      if (elapsed >= seconds) break;
      const cost = costOf(block) * (1 + NOISE * (random() - 0.5)) + (observations.length === 0 ? warmUp : 0);
      const queuedSeconds = waits ? 0 : busy * random() * cost;
      const wallSeconds = cost + queuedSeconds;
      observations.push({ ...block, time: { wallSeconds, cpuSeconds: waits ? 0 : cost, queuedSeconds } });
      blocks.follow(block, wallSeconds);
      elapsed += wallSeconds + PER_BLOCK;
    }
    const measurement = measure({
      totalParameters: TOTAL,
      observations,
      evaluated: [],
      failures: [],
      elapsedSeconds: elapsed,
      unfinished: undefined,
      busyShare: 0,
    });
    const truth = ((sums[TOTAL] as number) / TOTAL) * (1 + NOISE * (random() - 0.5));
    return { measurement, truth };
  });
}

/** The share of the samples whose interval holds the truth, and the median error of the means. */
export function judge(samples: readonly SimulatedSample[]) {
  const held = samples.filter(({ measurement: { confidence }, truth }) => {
    return confidence.least <= truth && truth <= confidence.most;
  });
  const errors = samples.map(({ measurement, truth }) => Math.abs(measurement.secondsPerParameter / truth - 1));
  return { coverage: held.length / samples.length, medianError: errors.sort((a, b) => a - b)[errors.length >> 1] };
}

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
