import { assert, asyncProperty, boolean, constantFrom, integer, record, uniqueArray } from "fast-check";
import { Aggregate } from "../../../worker/src/monitoring/aggregate.ts";
import { heatMapOf } from "../../../worker/src/monitoring/heat-map.ts";
import { KnownFailures } from "../../../worker/src/monitoring/known-failures.ts";
import { sweepOf } from "../../../worker/src/monitoring/state.ts";
import type { Look } from "../../../worker/src/monitoring/sweep-view.ts";
import { resolve } from "../../../worker/src/stores/resolution.ts";
import type { CommittedBlock, CommittedBlocks, CommittedPart, Failure } from "../../../worker/src/stores/store.ts";
import { testIdentity } from "../../support/stores.ts";

const failureAt = (parameter: number): Failure => ({ parameter, kind: "threw", error: "no" });

interface BlockWithRecord extends CommittedBlock {
  readonly all: readonly Failure[];
}

/** Blocks in memory, whose records are read as those of a bucket. */
class BlocksInMemory implements CommittedBlocks {
  readonly identity;
  reads = 0;
  readonly blocks: readonly BlockWithRecord[];

  constructor(
    total: number,
    blocks: readonly { start: number; count: number; at?: number; failed?: readonly number[] }[],
  ) {
    this.identity = testIdentity(total, 100, ["a"]);
    this.blocks = blocks.map(({ start, count, at, failed = [] }) => {
      const all = failed.map(failureAt);
      const failures = failed.length === 0 ? all : undefined;
      return { start, count, committedAt: at, failures, failureBytes: 50 * failed.length, all };
    });
  }

  lanes() {
    const sorted = [...this.blocks].sort((a, b) => a.start - b.start);
    return [iterate(resolve(sorted))];
  }

  async failuresOf(block: CommittedBlock) {
    this.reads++;
    return (block as BlockWithRecord).all;
  }

  async valuesOf(): Promise<Float64Array> {
    return new Float64Array(0);
  }
}

async function* iterate(parts: Iterable<CommittedPart>): AsyncGenerator<CommittedPart> {
  yield* parts;
}

const lookOf = (blocks: CommittedBlocks, aggregate: Aggregate, workers?: number): Look => ({
  identity: blocks.identity,
  createdAt: 0,
  notes: {
    createdAt: 0,
    isQueued: false,
    stop: undefined,
    submission: undefined,
    hasReceipt: false,
    hasParquet: false,
    version: "",
  },
  aggregate,
  workers,
  seenAt: 0,
});

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

interface TestBlock {
  readonly start: number;
  readonly count: number;
  readonly at?: number;
  readonly failed?: readonly number[];
}

/** By parameter, whether it failed in the block that counts for it: the first one by start, then the longest. */
function outcomesOf(blocks: readonly TestBlock[]): Map<number, boolean> {
  const outcomes = new Map<number, boolean>();
  for (const { start, count, failed = [] } of [...blocks].sort((a, b) => a.start - b.start || b.count - a.count)) {
    for (let parameter = start; parameter < start + count; parameter++) {
      if (!outcomes.has(parameter)) outcomes.set(parameter, failed.includes(parameter));
    }
  }
  return outcomes;
}

test("the heat map's sums equal the counts, also of blocks that overlap, and each parameter counts once", async () => {
  const one = record({
    start: integer({ min: 0, max: 9_900 }),
    count: integer({ min: 1, max: 100 }),
    isFailing: boolean(),
  });
  const some = uniqueArray(one, { maxLength: 60, selector: ({ start }) => start });
  const property = asyncProperty(
    some,
    constantFrom(1, 7, 64, 1_000, 4_096),
    constantFrom(10_000, 12_345_678),
    async (raw, cells, total) => {
      const found = raw.map(({ start, count, isFailing }) => ({
        start,
        count,
        failed: isFailing ? [...new Set([start, start + count - 1])] : [],
      }));
      const blocks = new BlocksInMemory(total, found);
      const aggregate = await Aggregate.of(blocks, new KnownFailures(total), 0);
      const map = heatMapOf(lookOf(blocks, aggregate), cells);
      const outcomes = [...outcomesOf(found).values()];
      expect([aggregate.committed, aggregate.failures]).toEqual([outcomes.length, outcomes.filter(Boolean).length]);
      expect([sum(map.done), sum(map.failed)]).toEqual([aggregate.committed, aggregate.failures]);
      expect(map.done.length).toBeLessThanOrEqual(cells);
      expect(map.cellSize * map.done.length).toBeGreaterThanOrEqual(total);
      expect(map.cellSize * (map.done.length - 1)).toBeLessThan(total);
    },
  );
  await assert(property, { numRuns: 60 });
});

test("a record is read once, a thousand are read, and the failures of the others are estimated from their sizes", async () => {
  const total = 300_000;
  const all = Array.from({ length: 3_000 }, (_, index) => ({
    start: index * 100,
    count: 100,
    failed: index % 2 === 0 ? [index * 100 + 1, index * 100 + 2] : [],
  }));
  const blocks = new BlocksInMemory(total, all);
  const known = new KnownFailures(total);
  const aggregate = await Aggregate.of(blocks, known, 0);
  expect(aggregate.isFailedExact).toBe(false);
  expect(aggregate.failures).toBeGreaterThan(0.95 * 3_000);
  // A cell counts at least one.
  expect(aggregate.failures).toBeLessThan(1.1 * 3_000);
  const { reads } = blocks;
  expect(reads).toBeGreaterThanOrEqual(1_000);
  expect(reads).toBeLessThan(1_010);
  const again = await Aggregate.of(blocks, known, 0);
  expect([again.failures, blocks.reads]).toEqual([aggregate.failures, reads]);
  const map = heatMapOf(lookOf(blocks, aggregate), 4_096);
  // A cell that has failures has at least one, and none has more than it has parameters.
  expect(map.failed.every((failed, cell) => failed <= (map.done[cell] ?? 0))).toBe(true);
  const withFailures = map.failed.filter((failed) => failed > 0);
  expect(withFailures.length).toBeGreaterThan(1_400);
});

test("all streams together read sixteen records at the same time", async () => {
  const total = 64_000;
  const all = Array.from({ length: 640 }, (_, index) => ({ start: index * 100, count: 100, failed: [index * 100] }));
  let [reading, most] = [0, 0];
  class BlocksInLanes extends BlocksInMemory {
    override lanes() {
      return Array.from({ length: 8 }, (_, lane) => iterate(resolve(this.blocks.slice(lane * 80, (lane + 1) * 80))));
    }
    override async failuresOf(block: CommittedBlock) {
      most = Math.max(most, ++reading);
      await new Promise((done) => setImmediate(done));
      reading--;
      return super.failuresOf(block);
    }
  }
  const aggregate = await Aggregate.of(new BlocksInLanes(total, all), new KnownFailures(total), 0);
  expect([aggregate.failures, most]).toEqual([640, 16]);
});

test("a record that is too long for the memory is not read", async () => {
  const blocks = new BlocksInMemory(100_000, [
    { start: 0, count: 50_000, failed: Array.from({ length: 20_000 }, (_, index) => index) },
  ]);
  const aggregate = await Aggregate.of(blocks, new KnownFailures(100_000), 0);
  expect([blocks.reads, aggregate.isFailedExact]).toEqual([0, false]);
  expect(aggregate.failures).toBeGreaterThan(5_000);
});

describe("computing time", () => {
  const BLOCK_MS = 9_000;
  const computed = async (blocks: readonly TestBlock[], workers?: number) => {
    const total = 100 * blocks.length;
    const store = new BlocksInMemory(total, blocks);
    const look = lookOf(store, await Aggregate.of(store, new KnownFailures(total), 0), workers);
    const { computingSeconds } = sweepOf(look, { name: "a", url: "a", costOf: undefined });
    return { perBlock: (1000 * computingSeconds) / blocks.length, map: heatMapOf(look, 10) };
  };
  /** Whole seconds, as a bucket has. */
  const wholeSeconds = (at: number) => Math.floor(at / 1000) * 1000;

  test("is right where slots work on ranges of their own, with a pause", async () => {
    // Ten slots, each with 60 blocks that follow each other; all rest for an hour after the thirtieth.
    const blocks = Array.from({ length: 600 }, (_, index) => {
      const inRange = index % 60;
      const at = 317 * Math.floor(index / 60) + (inRange + 1) * BLOCK_MS + (inRange < 30 ? 0 : 3_600_000);
      return { start: index * 100, count: 100, at: wholeSeconds(at) };
    });
    const { perBlock } = await computed(blocks);
    expect(perBlock).toBeGreaterThan(0.9 * BLOCK_MS);
    expect(perBlock).toBeLessThan(1.1 * BLOCK_MS);
  });

  test.each([1, 2, 3, 8, 50])("is right for %i workers that take turns", async (workers) => {
    // Their clocks are spread over the time of a block.
    const phase = (worker: number) => (((worker + 1) * 0.618034) % 1) * BLOCK_MS;
    const blocks = Array.from({ length: 2_000 }, (_, index) => {
      const round = Math.floor(index / workers);
      const worker = (index * 7 + round * 3) % workers;
      return { start: index * 100, count: 100, at: (round + 1) * BLOCK_MS + phase(worker) };
    });
    const { perBlock } = await computed(blocks);
    expect(perBlock).toBeGreaterThan(0.6 * BLOCK_MS);
    expect(perBlock).toBeLessThan(1.6 * BLOCK_MS);
  });

  test("of a cell is longer where parameters take longer", async () => {
    let at = 0;
    const blocks = Array.from({ length: 100 }, (_, index) => {
      at += index < 50 ? 1_000 : 4_000;
      return { start: index * 100, count: 100, at };
    });
    const { map } = await computed(blocks);
    expect(map.milliseconds).toHaveLength(10);
    expect(map.milliseconds[1]).toBeCloseTo(10);
    expect(map.milliseconds[8]).toBeCloseTo(40);
  });

  test("is unknown where nothing has a time", async () => {
    const { perBlock, map } = await computed([{ start: 0, count: 100 }]);
    expect([perBlock, map.milliseconds]).toEqual([0, Array.from({ length: 10 }, () => null)]);
  });
});
