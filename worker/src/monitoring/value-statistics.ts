import type { Column } from "../api/sweeps.ts";

const BINS = 64;

/** Values of consecutive parameters. A parameter that failed has NaN. */
export interface Sampled {
  readonly start: number;
  readonly values: Float64Array;
}

/** How many finite values lie in each of equal intervals. */
export function histogramOf(samples: readonly Sampled[]): Column["histogram"] {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of finite(samples)) {
    if (value < from) from = value;
    if (value > to) to = value;
  }
  if (from > to) return { from: null, to: null, counts: [] };
  const counts = new Array<number>(from === to ? 1 : BINS).fill(0);
  // Halves, because the difference of two huge numbers may be no number.
  const width = (to / 2 - from / 2) / counts.length;
  for (const value of finite(samples)) {
    const bin = width === 0 ? 0 : Math.min(counts.length - 1, Math.floor((value / 2 - from / 2) / width));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return { from, to, counts };
}

/** The least, the mean and the greatest finite value of at most so many equal stretches. */
export function stretchesOf({ start, values }: Sampled, stretches: number): Column["overParameter"] {
  const size = Math.max(1, Math.ceil(values.length / Math.max(1, stretches)));
  const found: Column["overParameter"] = [];
  for (let from = 0; from < values.length; from += size) {
    const part = values.subarray(from, from + size);
    found.push({ start: start + from, count: part.length, ...rangeOf(part) });
  }
  return found;
}

function rangeOf(values: Float64Array): { min: number | null; mean: number | null; max: number | null } {
  let [min, max, mean, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const value of finite([{ start: 0, values }])) {
    count++;
    min = Math.min(min, value);
    max = Math.max(max, value);
    // No sum, which may be greater than any number.
    mean += value / count - mean / count;
  }
  return count === 0 ? { min: null, mean: null, max: null } : { min, mean, max };
}

function* finite(samples: readonly Sampled[]): Generator<number> {
  for (const { values } of samples) for (const value of values) if (Number.isFinite(value)) yield value;
}
