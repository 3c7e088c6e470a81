import { measure } from "../../worker/src/sampling/measurement.ts";
import { SampleBlocks } from "../../worker/src/sampling/sample-blocks.ts";

describe("the blocks of a sample", () => {
  const blocks = (seed: number, count: number) => {
    const sample = new SampleBlocks(6400, seed);
    let left = count;
    return [...sample.until(() => left-- === 0)];
  };

  test("visit every part of the range before any part again", () => {
    const visited = blocks(1, 128).map(({ start }) => Math.floor(start / 100));
    expect(new Set(visited.slice(0, 64)).size).toBe(64);
    expect(new Set(visited.slice(64)).size).toBe(64);
  });

  test("are the same for the same seed, and different for another", () => {
    expect(blocks(1, 10)).toEqual(blocks(1, 10));
    expect(blocks(1, 10)).not.toEqual(blocks(2, 10));
  });

  test("grow until one takes a fiftieth of a second, and never leave the range", () => {
    const sample = new SampleBlocks(1_000_000, 0);
    let left = 200;
    const counts: number[] = [];
    for (const { start, count } of sample.until(() => left-- === 0)) {
      expect(start + count).toBeLessThanOrEqual(1_000_000);
      counts.push(count);
      sample.follow(1e-5);
    }
    expect(counts.slice(0, 7)).toEqual([1, 4, 16, 64, 256, 1024, 2000]);
    expect(counts.at(-1)).toBe(2000);
  });

  test("of fewer parameters than parts are the parameters", () => {
    const sample = new SampleBlocks(3, 0);
    let left = 3;
    const all = [...sample.until(() => left-- === 0)];
    expect(all.map(({ start }) => start).sort()).toEqual([0, 1, 2]);
  });
});

describe("the measurement of a sample", () => {
  const blocks = (costs: readonly number[], from = 0) =>
    costs.map((cost, index) => ({ at: from + index, seconds: 10 * cost, count: 10 }));
  const raw = { failures: [], evaluated: [{ start: 0, count: 40 }], elapsedSeconds: 100, unfinishedSeconds: undefined };

  test("is the mean of the blocks and its confidence interval", () => {
    const { secondsPerParameter, confidence } = measure({ ...raw, observations: blocks([1, 2, 3, 4]) });
    expect(secondsPerParameter).toBe(2.5);
    // A standard deviation of 1.29, over the root of 4, times 1.96.
    expect(confidence.most - 2.5).toBeCloseTo((1.96 * Math.sqrt(5 / 3)) / 2, 9);
    expect(2.5 - confidence.least).toBeCloseTo(confidence.most - 2.5, 9);
  });

  test("counts a parameter once, however often it was evaluated and failed", () => {
    const failures = [3, 3, 5].map((parameter) => ({ parameter, kind: "threw" as const, error: "bad" }));
    expect(measure({ ...raw, failures, observations: blocks([1, 2, 3, 4, 5]) })).toMatchObject({
      parameters: 40,
      evaluations: 50,
      failed: 2,
      failedByKind: { threw: 2 },
    });
  });

  test("leaves out the warm-up, while V8 compiles, if enough blocks are left", () => {
    const cold = blocks(Array(10).fill(50));
    const warm = blocks(Array(20).fill(1), 10);
    expect(measure({ ...raw, observations: [...cold, ...warm] }).secondsPerParameter).toBe(1);
    expect(measure({ ...raw, observations: [...cold, ...warm.slice(1)] }).secondsPerParameter).toBeGreaterThan(1);
  });

  test("takes the time of an unfinished parameter as a lower bound of the slowest", () => {
    const observations = blocks([1, 1]).map((block) => ({ ...block, count: 1 }));
    expect(measure({ ...raw, observations })).toMatchObject({ slowestSeconds: 10, slowestIsExact: true });
    expect(measure({ ...raw, observations, unfinishedSeconds: 30 })).toMatchObject({
      slowestSeconds: 30,
      slowestIsExact: false,
    });
  });
});
