import { assert, constantFrom, integer, property, record } from "fast-check";
import { type Partitioning, shareOf } from "../../worker/src/parameters/partition.ts";
import { countOf, endOf, union } from "../../worker/src/parameters/ranges.ts";

const TEN_MILLION = 10_000_000;

function sharesOf(partitioning: Partitioning) {
  return Array.from({ length: partitioning.totalWorkers }, (_, worker) => shareOf(worker, partitioning));
}

const partitionings = record({
  totalParameters: integer({ min: 0, max: 5_000 }),
  totalWorkers: integer({ min: 1, max: 40 }),
  batchSize: integer({ min: 1, max: 600 }),
  partition: constantFrom("contiguous" as const, "block-cyclic" as const),
  seed: integer({ min: 0, max: 1_000 }),
});

describe.each(["contiguous", "block-cyclic"] as const)("the %s partition", (partition) => {
  test("gives 3 workers 3,333,334, 3,333,333 and 3,333,333 of 10,000,000 parameters", () => {
    const shares = sharesOf({ totalParameters: TEN_MILLION, totalWorkers: 3, batchSize: 10_000, partition, seed: 0 });
    expect(shares.map(countOf)).toEqual([3_333_334, 3_333_333, 3_333_333]);
    expect(union(shares.flat())).toEqual([{ start: 0, count: TEN_MILLION }]);
  });

  test.each([
    { totalParameters: 0, totalWorkers: 3, batchSize: 10, sizes: [0, 0, 0] },
    { totalParameters: 1, totalWorkers: 3, batchSize: 10, sizes: [1, 0, 0] },
    { totalParameters: 2, totalWorkers: 3, batchSize: 1, sizes: [1, 1, 0] },
    { totalParameters: 10, totalWorkers: 3, batchSize: 10_000, sizes: [4, 3, 3] },
    { totalParameters: 10, totalWorkers: 1, batchSize: 3, sizes: [10] },
  ])("divides $totalParameters over $totalWorkers in blocks of $batchSize", ({ sizes, ...rest }) => {
    expect(sharesOf({ ...rest, partition, seed: 7 }).map(countOf)).toEqual(sizes);
  });
});

test("every parameter is in exactly one share, and shares differ by one at most", () => {
  assert(
    property(partitionings, (partitioning) => {
      const shares = sharesOf(partitioning);
      const sizes = shares.map(countOf);
      // As many parameters as there are, and all of them: none can be there twice.
      expect(countOf(shares.flat())).toBe(partitioning.totalParameters);
      expect(countOf(union(shares.flat()))).toBe(partitioning.totalParameters);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
    { numRuns: 500 },
  );
});

test("no block is larger than the batch size or crosses a multiple of it", () => {
  assert(
    property(partitionings, (partitioning) => {
      const { batchSize } = partitioning;
      const wrong = sharesOf(partitioning)
        .flat()
        .filter((block) => {
          const crosses = Math.floor((endOf(block) - 1) / batchSize) !== Math.floor(block.start / batchSize);
          return block.count < 1 || crosses;
        });
      expect(wrong).toEqual([]);
    }),
  );
});

test("the permutation depends on the seed, and only on it", () => {
  const partitioning = {
    totalParameters: 1000,
    totalWorkers: 4,
    batchSize: 10,
    partition: "block-cyclic",
    seed: 1,
  } as const;
  expect(shareOf(2, partitioning)).toEqual(shareOf(2, partitioning));
  expect(shareOf(2, { ...partitioning, seed: 2 })).not.toEqual(shareOf(2, partitioning));
});

describe("block-cyclic shares of a sweep whose parameters cost unequally", () => {
  type Cost = (start: number, end: number) => number;
  const integrals: Record<string, Cost> = {
    "a linear ramp": (start, end) => end ** 2 - start ** 2,
    "a quadratic ramp": (start, end) => end ** 3 - start ** 3,
    "a falling ramp": (start, end) => (TEN_MILLION - start) ** 2 - (TEN_MILLION - end) ** 2,
  };

  /** Mean load over greatest load: 1 is perfect. */
  function efficiency(loads: readonly number[]): number {
    return loads.reduce((sum, load) => sum + load, 0) / loads.length / Math.max(...loads);
  }

  /** A queue from which the worker that is free first takes the next block. */
  function queueEfficiency(workers: number, batchSize: number, cost: Cost): number {
    const loads = new Array<number>(workers).fill(0);
    for (let start = 0; start < TEN_MILLION; start += batchSize) {
      const free = loads.indexOf(Math.min(...loads));
      loads[free] = (loads[free] as number) + cost(start, Math.min(start + batchSize, TEN_MILLION));
    }
    return efficiency(loads);
  }

  test.each(
    Object.keys(integrals).flatMap((name) => [
      { name, workers: 3, batchSize: 10_000 },
      { name, workers: 10, batchSize: 10_000 },
      { name, workers: 100, batchSize: 1_000 },
      { name, workers: 100, batchSize: 10_000 },
    ]),
  )(
    "are as even as a dynamic queue, within 2 %: $name, $workers workers, blocks of $batchSize",
    ({ name, workers, batchSize }) => {
      const cost = integrals[name] as Cost;
      const queue = queueEfficiency(workers, batchSize, cost);
      for (const seed of [0, 1]) {
        const partitioning = {
          totalParameters: TEN_MILLION,
          totalWorkers: workers,
          batchSize,
          partition: "block-cyclic",
          seed,
        } as const;
        const loads = sharesOf(partitioning).map((share) =>
          share.reduce((sum, block) => sum + cost(block.start, endOf(block)), 0),
        );
        expect(efficiency(loads)).toBeGreaterThan(queue - 0.02);
      }
    },
  );
});
