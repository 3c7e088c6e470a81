import {
  type BlockShape,
  blocksInFlight,
  largestBatchSize,
  leastMemoryMiB,
  memoryProblems,
  spoolMiB,
} from "../../worker/src/contract/memory.ts";

const shape = (batchSize: number, columns = 1): BlockShape => ({ batchSize, columns });

test.each([
  [10_000, 1, 32],
  [10_000, 8, 32],
  [100_000, 1, 32],
  [1_000_000, 1, 4],
  [1_000_000, 8, 2],
  [10_000_000, 8, 2],
])("blocks of %d parameters with %d columns: %d are on their way at a time", (batchSize, columns, blocks) => {
  expect(blocksInFlight(shape(batchSize, columns))).toBe(blocks);
});

test("the bytes on their way fit into the temporary storage, also with fewer columns than it was made for", () => {
  for (const batchSize of [1, 9_999, 10_000, 180_000, 250_000, 1_000_000, 3_333_333, 10_000_000]) {
    for (let columns = 1; columns <= 8; columns++) {
      const inFlight = blocksInFlight(shape(batchSize, columns)) * batchSize * columns * 8;
      expect(inFlight / 1024 ** 2).toBeLessThanOrEqual(spoolMiB(shape(batchSize, 8)));
    }
  }
});

// Measured: test/worker/memory-of-blocks.long.test.ts.
test.each([
  [10_000, 1, 123],
  [10_000, 8, 142],
  [1_000_000, 1, 175],
  [1_000_000, 8, 426],
  [10_000_000, 1, 502],
])("blocks of %d parameters with %d columns need %d MiB", (batchSize, columns, leastMiB) => {
  expect(leastMemoryMiB(shape(batchSize, columns))).toBe(leastMiB);
});

test("the largest blocks for some memory need no more, and larger ones do", () => {
  for (const columns of [1, 3, 8]) {
    for (const memoryMiB of [128, 200, 256, 300, 450]) {
      const largest = largestBatchSize(memoryMiB, columns);
      expect(leastMemoryMiB(shape(largest, columns))).toBeLessThanOrEqual(memoryMiB);
      expect(leastMemoryMiB(shape(largest + 1, columns))).toBeGreaterThan(memoryMiB);
    }
  }
  expect(largestBatchSize(1e6, 1)).toBe(10_000_000);
  expect(largestBatchSize(1, 1)).toBe(1);
});

test("enough memory is no problem, and unknown memory neither", () => {
  expect(memoryProblems(123, shape(10_000))).toEqual([]);
  expect(memoryProblems(122, shape(10_000))).toHaveLength(1);
  expect(memoryProblems(Number.NaN, shape(10_000))).toEqual([]);
});
