import { appendFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { array, assert, asyncProperty, integer, record } from "fast-check";
import { createTextChecksum } from "../../worker/src/stores/checksum.ts";
import { bytesWithoutFailures, CommitLog, serializeRecord } from "../../worker/src/stores/commit-log.ts";
import type { CommitRecord } from "../../worker/src/stores/store.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
const path = join(directory, "commits.log");

function recordOf(start: number, count: number, failed = 0): CommitRecord {
  const failures = Array.from({ length: failed }, (_, index) => ({
    parameter: start + index,
    kind: "threw" as const,
    error: "Error: é\n",
  }));
  return { start, count, checksum: (start * 31 + count).toString(16).padStart(16, "f"), failures };
}

async function linesOf(records: readonly CommitRecord[]): Promise<string> {
  const checksumOf = await createTextChecksum();
  return records.map((one) => serializeRecord(one, checksumOf)).join("");
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test("a log is read in its order, and sorted by start, then in its order, with all failures", async () => {
  const some = record({
    start: integer({ min: 0, max: 2 ** 50 }),
    count: integer({ min: 1, max: 9 }),
    failed: integer({ min: 0, max: 3 }),
  });
  const property = asyncProperty(array(some, { maxLength: 40 }), async (ranges) => {
    const records = ranges.map(({ start, count, failed }) => recordOf(start % 50 === 0 ? 7 : start, count, failed));
    writeFileSync(path, await linesOf(records));
    expect(await collect(CommitLog.read(path))).toEqual(records);
    expect(await collect(CommitLog.sorted(path))).toEqual([...records].sort((a, b) => a.start - b.start));
  });
  await assert(property, { numRuns: 40 });
});

test("there is no record without a log", async () => {
  expect(await collect(CommitLog.read(join(directory, "none")))).toEqual([]);
  expect(await collect(CommitLog.sorted(join(directory, "none")))).toEqual([]);
});

test("a log that no string can hold is read, with a hole in it that a crash has left, in little memory", async () => {
  const [first, last] = [recordOf(0, 10, 1), recordOf(10, 10, 2)];
  writeFileSync(path, await linesOf([first]));
  truncateSync(path, 600 * 2 ** 20);
  appendFileSync(path, `\n${await linesOf([last])}`);
  const before = process.memoryUsage().rss;
  expect(await collect(CommitLog.sorted(path))).toEqual([first, last]);
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20);
});

test("the length of a record without failures is known, and failures make it longer", async () => {
  for (const start of [0, 9_999, 2 ** 50]) {
    for (const count of [1, 10_000]) {
      expect(await linesOf([recordOf(start, count)])).toHaveLength(bytesWithoutFailures({ start, count }));
      expect((await linesOf([recordOf(start, count, 1)])).length).toBeGreaterThan(
        bytesWithoutFailures({ start, count }),
      );
    }
  }
});

test("a log has the time of each commit, and one of an earlier version is read without", async () => {
  writeFileSync(path, await linesOf([recordOf(0, 10, 1), recordOf(20, 10)]));
  const before = Date.now();
  const log = await CommitLog.open(path);
  log.append([recordOf(30, 10, 1), recordOf(10, 10)]);
  // As a download keeps the times of the bucket.
  log.append([{ ...recordOf(40, 10), committedAt: 1_700_000_000_000 }]);
  log.close();
  const times = (await collect(CommitLog.sorted(path))).map(({ start, committedAt }) => [start, committedAt]);
  expect(times.map(([start]) => start)).toEqual([0, 10, 20, 30, 40]);
  const [first, second, third, fourth, last] = times.map(([, at]) => at);
  expect([first, third, last]).toEqual([undefined, undefined, 1_700_000_000_000]);
  for (const at of [second, fourth]) expect(at).toBeGreaterThanOrEqual(before);
});
