import { type SampleBlock, SampleBlocks } from "../../worker/src/sampling/sample-blocks.ts";

describe("the blocks of a sample", () => {
  /** The first `count` blocks of a sample of `seconds`, if a parameter costs `cost` and the first one `first`. */
  const blocksOf = (total: number, count: number, { seed = 1, cost = 1, first = 1, seconds = 10 } = {}) => {
    const sample = new SampleBlocks(total, seed);
    const blocks: SampleBlock[] = [];
    let elapsed = 0;
    for (const block of sample.until(() => elapsed, seconds)) {
      blocks.push(block);
      const took = block.phase === "first" ? first : cost * block.count;
      sample.follow(block, took);
      elapsed += took;
      if (blocks.length === count) break;
    }
    return blocks;
  };
  const mainOf = (...args: Parameters<typeof blocksOf>) => blocksOf(...args).filter(({ phase }) => phase === "main");
  const WARM_UP = 2;

  test("fall into as many parts of the range as there are blocks, whenever the sample ends", () => {
    for (const count of [1, 2, 8, 64, 1024]) {
      const parts = mainOf(2 ** 20, WARM_UP + count).map(({ start }) => Math.floor((start * count) / 2 ** 20));
      expect(new Set(parts).size).toBe(count);
    }
  });

  test("come all before one comes again, in another order", () => {
    const blocks = mainOf(1000, WARM_UP + 2000).map(({ start }) => start);
    expect(new Set(blocks.slice(0, 1000)).size).toBe(1000);
    expect(new Set(blocks.slice(1000)).size).toBe(1000);
    expect(blocks.slice(0, 1000)).not.toEqual(blocks.slice(1000));
  });

  test("are the same for the same seed, and different for another", () => {
    expect(blocksOf(6400, 10)).toEqual(blocksOf(6400, 10));
    expect(blocksOf(6400, 10)).not.toEqual(blocksOf(6400, 10, { seed: 2 }));
  });

  test("grow until one takes two milliseconds, have that size then, and never leave the range", () => {
    const blocks = blocksOf(1_000_000, 20_000, { cost: 1e-5, first: 1e-5 });
    expect(Math.max(...blocks.map(({ start, count }) => start + count))).toBeLessThanOrEqual(1_000_000);
    expect(blocks.slice(0, 6).map(({ count }) => count)).toEqual([1, 1, 4, 16, 64, 200]);
    const main = blocks.filter(({ phase }) => phase === "main");
    expect(new Set(main.map(({ count }) => count))).toEqual(new Set([200]));
  });

  test("stay small where the range is, so that all its parts are seen", () => {
    expect(mainOf(512, 3000, { cost: 1e-6, first: 1e-6, seconds: 1e-3 }).every(({ count }) => count === 2)).toBe(true);
  });

  test("of fewer parameters than parts are the parameters", () => {
    expect(
      mainOf(3, WARM_UP + 3)
        .map(({ start }) => start)
        .sort(),
    ).toEqual([0, 1, 2]);
  });

  test("have the first parameter again if it was slow, and only then", () => {
    const phases = (first: number) => blocksOf(1000, 4, { first }).map(({ phase }) => phase);
    expect(phases(2)).toEqual(["first", "warm-up", "main", "main"]);
    expect(phases(5)).toEqual(["first", "warm-up", "first-again", "main"]);
    const [first, , again] = blocksOf(1000, 4, { first: 5 });
    expect(again?.start).toBe(first?.start);
  });

  test("are sent ahead only in the main part, as many as take a hundredth of a second, and never all", () => {
    const aheadAt = (total: number, cost: number, inFlight = 1) => {
      const sample = new SampleBlocks(total, 1);
      sample.keepInFlight(inFlight);
      const ahead: number[] = [];
      let elapsed = 0;
      for (const block of sample.until(() => elapsed, 1)) {
        ahead.push(sample.ahead);
        sample.follow(block, cost * block.count);
        elapsed += cost * block.count;
        if (block.phase === "main") break;
      }
      return [Math.max(...ahead.slice(0, -1)), ahead.at(-1)];
    };
    expect(aheadAt(1_000_000, 1e-3)).toEqual([1, 10]);
    expect(aheadAt(1_000_000, 1)).toEqual([1, 1]);
    expect(aheadAt(6, 1e-3)).toEqual([1, 3]);
    expect(aheadAt(1_000_000, 1, 512)).toEqual([1, 512]);
  });
});
