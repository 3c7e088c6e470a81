import fc from "fast-check";
import { dividedFor, sizeOf } from "../../worker/src/engine/sizing.ts";
import { countOf, subtract, union } from "../../worker/src/parameters/ranges.ts";
import { testIdentity } from "../support/stores.ts";

const TOTAL = 100_000;
const identity = testIdentity(TOTAL, 1_000, ["value"]);
const everything = [{ start: 0, count: TOTAL }];

describe("the size of a run", () => {
  const measured = (seconds: number | undefined) => async () => seconds;

  test.each([
    // A second, a minute and ten minutes of one core are for one executor with two slots.
    ["a run of a second", 1_000, 0.001, 2, 50, 1],
    ["a run of ten minutes", 600_000, 0.001, 2, 50, 1],
    ["a run of ten minutes and a bit", 600_001, 0.001, 2, 50, 2],
    ["the same for one slot", 600_001, 0.001, 1, 50, 3],
    ["a run of a day", 86_400, 1, 2, 500, 144],
    ["a run of a day with a limit", 86_400, 1, 2, 50, 50],
  ])("%s", async (_, pending, seconds, slots, maxExecutors, executors) => {
    const size = await sizeOf(pending, { slots, maxExecutors }, measured(seconds));
    expect(size).toEqual({ coreSeconds: pending * seconds, isLeast: false, executors });
  });

  test("a sample in which nothing was finished gives the least", async () => {
    const size = await sizeOf(1_000, { slots: 2, maxExecutors: 50 }, measured(undefined));
    expect(size).toEqual({ coreSeconds: 7_500, isLeast: true, executors: 13 });
  });

  test("a given number of executors needs no sample, and no limit", async () => {
    const sample = () => Promise.reject(new Error("sampled"));
    const size = await sizeOf(1_000, { slots: 2, maxExecutors: 50, executors: 60 }, sample);
    expect(size).toEqual({ coreSeconds: undefined, isLeast: false, executors: 60 });
  });
});

describe("the first ranges", () => {
  const sizing = (executors: number, coreSeconds?: number) => ({ executors, coreSeconds, isLeast: false });

  test("are four for each slot", () => {
    const ranges = dividedFor(sizing(12), [{ start: 0, count: 9_600_000 }], 2, { batchSize: 10_000, seed: 0 });
    expect(ranges).toHaveLength(96);
    expect(new Set(ranges.map(({ count }) => count))).toEqual(new Set([100_000]));
  });

  test.each([
    [1, 1],
    [10, 1],
    [25, 3],
    [79, 8],
    [600, 8],
  ])("of %d seconds are %d, because a message that is done at once is not worth an executor", (seconds, ranges) => {
    expect(dividedFor(sizing(1, seconds), everything, 2, identity)).toHaveLength(ranges);
  });

  test("are many enough also if there are few blocks, as of a slow evaluation", () => {
    const ranges = dividedFor(sizing(3), [{ start: 0, count: 5_500 }], 2, identity);
    expect(ranges).toHaveLength(24);
    expect(union(ranges)).toEqual([{ start: 0, count: 5_500 }]);
  });

  test("hold each pending parameter once, whatever the gaps are", () => {
    const gaps = fc.array(fc.record({ start: fc.nat(TOTAL - 1), count: fc.integer({ min: 1, max: 5_000 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 }), (done, executors, slots) => {
        const pending = subtract(everything, union(done));
        if (pending.length === 0) return;
        const ranges = dividedFor(sizing(executors), pending, slots, identity);
        expect(subtract(pending, union(ranges))).toEqual([]);
        expect(countOf(union(ranges))).toBe(countOf(ranges));
        // Alignment may cost one more for each pending range.
        expect(ranges.length).toBeLessThanOrEqual(2 * 4 * slots * executors + 1);
      }),
    );
  });
});
