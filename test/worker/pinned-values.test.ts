import { shareOf } from "../../worker/src/parameters/partition.ts";
import { CounterBasedContext } from "../../worker/src/parameters/random.ts";
import { SampleBlocks } from "../../worker/src/sampling/sample-blocks.ts";
import { createChecksum, createTextChecksum } from "../../worker/src/stores/checksum.ts";

/*
 * A run that was begun by an older version is finished by a newer one, and `verify` calls the two halves complete. So these
 * values must never change within one results format. If one must, give RESULTS_FORMAT (worker/src/contract/identity.ts) a new
 * number first: then a half-finished run is refused and not mixed.
 *
 * The random numbers and the checksums were computed a second time by an independent Python program, from the papers.
 */

describe("the random numbers of an evaluation", () => {
  const HUGE = Number.MAX_SAFE_INTEGER;

  test.each([
    { seed: 0, parameter: 0, draws: [0.9699479965455325, 0.38612339043490174, 0.441163840875073] },
    { seed: 0, parameter: 1, draws: [0.6780663233129, 0.02240978861496512, 0.7641492285601298] },
    { seed: 1, parameter: 0, draws: [0.7745928967749331, 0.015046391889270372, 0.3676280475740362] },
    { seed: 5, parameter: 7, draws: [0.9123539143277501, 0.6874789732249895, 0.09588360526736261] },
    {
      seed: 2 ** 40 + 3,
      parameter: 2 ** 33 + 9,
      draws: [0.3168291431206216, 0.6553015955423466, 0.37594590029623864],
    },
    { seed: HUGE, parameter: HUGE, draws: [0.08008094106353247, 0.08226241186678052, 0.7772176835431871] },
  ])("of seed $seed and parameter $parameter are pinned, for evaluate and evaluateBlock", (pinned) => {
    const context = new CounterBasedContext(pinned.seed);
    context.moveTo(pinned.parameter);
    expect(pinned.draws.map(() => context.random())).toEqual(pinned.draws);
    const random = context.randomOf(pinned.parameter);
    expect(pinned.draws.map(() => random())).toEqual(pinned.draws);
  });

  test("are pinned after a thousand draws", () => {
    const random = new CounterBasedContext(5).randomOf(7);
    for (let draw = 0; draw < 1000; draw++) random();
    expect(random()).toBe(0.9136125441230456);
  });
});

describe("the order of blocks in a block-cyclic partition", () => {
  test.each([
    {
      seed: 0,
      starts: [
        [10, 40, 70, 100],
        [0, 50, 80, 90],
        [20, 30, 60, 110],
      ],
    },
    {
      seed: 1,
      starts: [
        [10, 40, 70, 100],
        [20, 30, 80, 90],
        [0, 50, 60, 110],
      ],
    },
  ])("is pinned for seed $seed", ({ seed, starts }) => {
    const partitioning = {
      totalParameters: 120,
      totalWorkers: 3,
      batchSize: 10,
      partition: "block-cyclic",
      seed,
    } as const;
    expect(starts.map((_, worker) => shareOf(worker, partitioning).map(({ start }) => start))).toEqual(starts);
  });

  test("is pinned for one of a hundred workers", () => {
    const partitioning = { totalParameters: 10_000_000, totalWorkers: 100, batchSize: 10_000 } as const;
    const share = shareOf(7, { ...partitioning, partition: "block-cyclic", seed: 42 });
    expect(share.map(({ start }) => start / 10_000)).toEqual([91, 108, 257, 342, 417, 582, 678, 721, 868, 931]);
  });
});

test("checksums of blocks are pinned: by values, by first parameter, by column", async () => {
  const checksum = await createChecksum();
  expect(checksum(0, [Float64Array.of(1, 2, 3)])).toBe("d4eae4443a284f83");
  expect(checksum(7, [Float64Array.of(1, 2, 3)])).toBe("82db54febb34e791");
  expect(checksum(7, [Float64Array.of(1, Number.NaN), Float64Array.of(-0, Infinity)])).toBe("2b7432d0d71492f4");
  expect(checksum(Number.MAX_SAFE_INTEGER, [new Float64Array(0)])).toBe("b5b80e362801ac27");
});

test("checksums of log lines are XXH64's published ones", async () => {
  const checksum = await createTextChecksum();
  expect(checksum("")).toBe("ef46db3751d8e999");
  expect(checksum("abc")).toBe("44bc2cf5ad770999");
});

test("the blocks of a sample are pinned", () => {
  const sample = new SampleBlocks(6400, 1);
  const starts: number[] = [];
  let elapsed = 0;
  for (const block of sample.until(() => elapsed++, 5)) {
    starts.push(block.start);
    sample.follow(block, 1);
    if (starts.length === 6) break;
  }
  expect(starts).toEqual([1346, 3627, 817, 5963, 2416, 1717]);
});
