import { costModel } from "../../worker/src/sampling/block-cost.ts";
import { estimate } from "../../worker/src/sampling/estimate.ts";
import type { ComputingTime } from "../../worker/src/stores/store.ts";
import { COST_SHAPES, judge, simulateSamples } from "../support/simulated-sample.ts";

describe("the cost of a block", () => {
  const cost = (time: ComputingTime, busyShare = 0) => costModel([time], busyShare)(time);

  test("is its time without that in the queue for a CPU, whether it computes or waits", () => {
    expect(cost({ wallSeconds: 10, cpuSeconds: 1, queuedSeconds: 9 })).toBe(1);
    expect(cost({ wallSeconds: 10, cpuSeconds: 1, queuedSeconds: 0 })).toBe(10);
    expect(cost({ wallSeconds: 10, cpuSeconds: 1, queuedSeconds: 4 })).toBe(6);
  });

  test("is at least the CPU time, if several processes were in the queue", () => {
    expect(cost({ wallSeconds: 10, cpuSeconds: 6, queuedSeconds: 20 })).toBe(6);
  });

  test("is the CPU time of all threads if the evaluation has several, but not that of V8's helpers", () => {
    expect(cost({ wallSeconds: 10, cpuSeconds: 38, queuedSeconds: 0 })).toBe(38);
    expect(cost({ wallSeconds: 10, cpuSeconds: 12, queuedSeconds: 0 })).toBe(10);
  });

  test("where the system does not tell the queue, has the same share of it as a loop that only computes", () => {
    const unknown = { queuedSeconds: undefined };
    expect(cost({ wallSeconds: 10, cpuSeconds: 2.5, ...unknown }, 0.75)).toBeCloseTo(2.5, 9);
    expect(cost({ wallSeconds: 10, cpuSeconds: 2.5, ...unknown }, 0)).toBe(10);
    expect(cost({ wallSeconds: 10, cpuSeconds: 0.01, ...unknown }, 0.75)).toBeCloseTo(9.97, 9);
  });
});

describe("an estimate", () => {
  const blocks = (costs: readonly number[], every = 1000) =>
    costs.map((seconds, index) => ({ start: index * every, count: 1, seconds }));

  test("is the pooled mean, seconds by parameters", () => {
    const measured = [
      { start: 0, count: 1, seconds: 1 },
      { start: 10, count: 9, seconds: 4 },
    ];
    expect(estimate(measured, 1e6).mean).toBe(0.5);
  });

  test("by hand: a single expensive block among many is gamma distributed with shape 1", () => {
    // One of 1,001 weights is exponential with mean 1/1,001: 3.69/1,001 above at the 97.5th percentile, plus the block beyond it.
    const { mean, most } = estimate(blocks([...Array(999).fill(0), 1000]), 1e9);
    expect(mean).toBe(1);
    expect(most).toBeGreaterThan(3.69);
    expect(most).toBeLessThan(20);
  });

  test("of a ramp is more certain than that of the same costs without order", () => {
    const ramp = Array.from({ length: 100 }, (_, index) => index);
    const mixed = ramp.map((index) => (index * 37) % 100);
    const width = (costs: readonly number[]) => {
      const { least, most } = estimate(blocks(costs), 1e9);
      return most - least;
    };
    expect(width(ramp)).toBeLessThan(0.8 * width(mixed));
  });

  test("of few blocks is uncertain, even if they are alike; of the whole range it is not", () => {
    const few = estimate(blocks([1, 1, 1]), 1e9);
    expect(few.most).toBeGreaterThan(2);
    expect(few.least).toBeLessThan(0.5);
    const all = estimate(blocks([1, 2, 3], 1), 3);
    expect(all.least).toBeCloseTo(0.9 * 2, 9);
    expect(all.most).toBeCloseTo(1.1 * 2, 9);
  });

  test("takes a block that was measured twice once, with its mean", () => {
    const twice = [...blocks([1, 5]), ...blocks([3])];
    expect(estimate(twice, 1e6)).toEqual(estimate(blocks([2, 5]), 1e6));
  });

  // All eight shapes, with thousands of samples: sample-coverage.long.test.ts.
  test.each(["Pareto 1.3", "rare-hard", "last 1 % x 100"])(
    "holds the truth for most of thirty samples of %s",
    (name) => {
      const shape = COST_SHAPES[name];
      if (shape === undefined) throw new Error(`there is no shape ${name}`);
      const samples = [0, 1, 2].flatMap((population) =>
        simulateSamples(shape, { population, samples: 10, seconds: 1, busy: 0 }),
      );
      const { coverage, medianError } = judge(samples);
      expect(coverage).toBeGreaterThanOrEqual(0.85);
      expect(medianError).toBeLessThanOrEqual(0.2);
    },
  );
});
