import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { columnSchema, type FailurePage, failurePageSchema, sweepSchema } from "../../../worker/src/api/sweeps.ts";
import { Monitor, NotFoundError } from "../../../worker/src/monitoring/index.ts";
import { FileStore } from "../../../worker/src/stores/file-store.ts";
import { FakeS3 } from "../../support/fake-s3.ts";
import { evaluated, storeAll, testIdentity } from "../../support/stores.ts";
import { temporaryDirectory } from "../../support/sweep.ts";
import { putSweep } from "../../support/sweeps.ts";

const directory = temporaryDirectory();
const environment = { ...process.env };
let s3: FakeS3;

beforeAll(async () => {
  s3 = await FakeS3.start();
  s3.pageSize = 1_000;
  Object.assign(process.env, s3.environment);
});
beforeEach(() => {
  s3.requests.length = 0;
});
afterAll(async () => {
  process.env = { ...environment };
  await s3.stop();
});

const blockGets = () => s3.requests.filter((request) => /^GET .*\.block$/.test(request));

describe("failures", () => {
  const identity = testIdentity(100_000, 100, ["a"]);
  const starts = Array.from({ length: 500 }, (_, index) => index * 100);
  const failed = new Map([0, 700, 25_000, 25_100, 49_900].map((start) => [start, [start + 7, start + 50]]));
  const expected = [...failed.values()].flat();

  beforeAll(async () => {
    const blocks = starts.map((start) => ({ start, count: 100, failed: failed.get(start) ?? [] }));
    await putSweep(s3, "runs/one", identity, blocks);
  });

  test.each([1, 4, 10])("come in pages of %i, each once and sorted", async (limit) => {
    const monitor = new Monitor("s3://bucket/runs");
    const found: number[] = [];
    let after: number | null = null;
    do {
      const page: FailurePage = failurePageSchema.parse(await monitor.failures("one", after ?? undefined, limit));
      expect(page.failures.length).toBeLessThanOrEqual(limit);
      found.push(...page.failures.map(({ parameter }) => parameter));
      after = page.next;
    } while (after !== null);
    expect(found).toEqual(expected);
  });

  test("of a page cost a listing of their cells, and a record for each block that has some", async () => {
    const monitor = new Monitor("s3://bucket/runs");
    const { counts } = await monitor.sweep("one");
    expect(counts).toEqual({ present: 49_990, failed: 10, isFailedExact: true, remaining: 50_000 });
    s3.requests.length = 0;
    const { failures } = await monitor.failures("one", 700, 100);
    expect(failures[0]).toEqual({ parameter: 707, kind: "threw", error: "Error: no 707" });
    expect(blockGets()).toHaveLength(4);
    // The listings skip blocks without failures.
    expect(s3.requests.length - 4).toBeLessThanOrEqual(4);
  });

  test("of a block that has more than a call has arguments", async () => {
    const failed = Array.from({ length: 150_000 }, (_, parameter) => parameter);
    const block = { start: 0, count: failed.length, failed };
    await putSweep(s3, "runs/all", testIdentity(failed.length, failed.length, ["a"]), [block]);
    const { failures, next } = await new Monitor("s3://bucket/runs").failures("all", 149_997, 10);
    expect([failures.map(({ parameter }) => parameter), next]).toEqual([[149_998, 149_999], null]);
    expect((await new Monitor("s3://bucket/runs").failures("all", undefined, 1)).next).toBe(0);
  });

  test("of blocks that overlap are those that count", async () => {
    const blocks = [
      { start: 0, count: 60, failed: [10, 55] },
      { start: 50, count: 50, failed: [50, 55, 70] },
    ];
    await putSweep(s3, "runs/overlapping", testIdentity(100, 100, ["a"]), blocks);
    const monitor = new Monitor("s3://bucket/runs");
    const { failures } = await monitor.failures("overlapping", undefined, 10);
    expect(failures.map(({ parameter }) => parameter)).toEqual([10, 55, 70]);
    expect((await monitor.sweep("overlapping")).counts).toMatchObject({ failed: 3, present: 97, remaining: 0 });
  });
});

describe("a column", () => {
  const identity = testIdentity(200_000, 200, ["a", "b"]);

  beforeAll(async () => {
    // The first half is committed, and every third block behind it.
    const blocks = Array.from({ length: 1_000 }, (_, index) => ({
      start: index * 200,
      count: 200,
      failed: index % 50 === 0 ? [index * 200 + 1] : [],
    })).filter((_, index) => index < 500 || index % 3 === 0);
    await putSweep(s3, "runs/columns", identity, blocks);
  });

  test("is sampled from blocks that are spread evenly, by a request for each", async () => {
    const monitor = new Monitor("s3://bucket/runs");
    await monitor.sweep("columns");
    s3.requests.length = 0;
    const column = columnSchema.parse(await monitor.column("columns", "b"));
    expect(blockGets().length).toBeGreaterThan(55);
    expect(blockGets().length).toBeLessThanOrEqual(64);
    // Behind a gap the sample begins with a cell, and ends with it.
    expect(column.sampled).toBeGreaterThan(180 * blockGets().length);
    // The second column is the parameter plus one.
    expect(column.histogram.from).toBeLessThan(4_000);
    expect(column.histogram.to).toBeGreaterThan(196_000);
    const counted = column.histogram.counts.reduce((sum, count) => sum + count, 0);
    // A parameter of some blocks has failed.
    expect(counted).toBeGreaterThanOrEqual(column.sampled - blockGets().length);
    for (const { start, count, min, mean, max } of column.overParameter) {
      expect([min, max]).toEqual([start + 1, start + count]);
      if (start % 10_000 !== 0) expect(mean).toBeCloseTo(start + (count + 1) / 2);
    }
    const sampledStarts = column.overParameter.map(({ start }) => start);
    expect(sampledStarts).toEqual([...sampledStarts].sort((a, b) => a - b));
    expect(sampledStarts.filter((start) => start >= 100_000).length).toBeGreaterThan(50);
    const requests = s3.requests.length;
    expect(await monitor.column("columns", "b")).toEqual(column);
    expect(s3.requests).toHaveLength(requests);
  });

  test("can be asked for a stretch alone", async () => {
    const column = await new Monitor("s3://bucket/runs").column("columns", "a", { start: 300, count: 400 });
    expect(column.sampled).toBe(400);
    expect([column.histogram.from, column.histogram.to]).toEqual([300, 699]);
    expect(column.overParameter[0]).toMatchObject({ start: 300, min: 300 });
    expect((await new Monitor("s3://bucket/runs").column("columns", "a", { start: 100_200, count: 180 })).sampled).toBe(
      180,
    );
    const empty = await new Monitor("s3://bucket/runs").column("columns", "a", { start: 100_000, count: 180 });
    expect(empty).toEqual({
      column: "a",
      sampled: 0,
      histogram: { from: null, to: null, counts: [] },
      overParameter: [],
    });
  });

  test("of another name is none", async () => {
    await expect(new Monitor("s3://bucket/runs").column("columns", "c")).rejects.toThrow(
      new NotFoundError('columns has no column "c": it has a, b'),
    );
  });
});

test("a file of a directory is no sweep", async () => {
  writeFileSync(join(directory, "readme.txt"), "no");
  await expect(new Monitor(directory).sweep("readme.txt")).rejects.toThrow(
    new NotFoundError(`file:${directory}/readme.txt holds no sweep: it has no run.json`),
  );
});

test("a note that cannot be read is an error with its path", async () => {
  const place = join(directory, "notes");
  mkdirSync(join(place, "sweep.json"), { recursive: true });
  await expect(new FileStore(place).note("sweep.json").read()).rejects.toThrow(
    `cannot use ${place}/sweep.json: EISDIR: illegal operation on a directory, read`,
  );
  expect(await new FileStore(place).note("none.json").read()).toBeUndefined();
});

test("a directory gives the same as a bucket", async () => {
  const identity = testIdentity(1_000, 10, ["a", "b"]);
  const store = new FileStore(join(directory, "job", "local"));
  await store.create(identity, undefined);
  const blocks = Array.from({ length: 50 }, (_, index) =>
    evaluated(index * 10, 10, index, index % 5 === 0 ? { [index * 10 + 4]: "timeout" } : {}),
  );
  // The result of this block counts for parameter 104.
  await storeAll(store, identity, [...blocks, evaluated(95, 10, 3)]);
  await store.note("receipt.json").write("{}");
  const monitor = new Monitor(directory);
  const sweep = sweepSchema.parse(await monitor.sweep("job:local"));
  expect(sweep).toMatchObject({
    url: `file:${directory}/job/local`,
    state: "running",
    counts: { present: 491, failed: 9, isFailedExact: true, remaining: 500 },
    hasReceipt: true,
  });
  expect(sweep.ratePerSecond).toBeGreaterThan(0);
  expect((await monitor.list({ limit: 10 })).sweeps.map(({ name }) => name)).toEqual(["job:local"]);
  const { failures, next } = await monitor.failures("job:local", 4, 2);
  expect([failures.map(({ parameter }) => parameter), next]).toEqual([[54, 154], 154]);
  const { sampled, histogram } = await monitor.column("job:local", "b");
  expect(sampled).toBeGreaterThan(490);
  expect([histogram.from, histogram.to]).toEqual([1, 50]);
  expect(await monitor.download("job:local", "receipt.json")).toEqual({
    kind: "file",
    path: join(directory, "job", "local", "receipt.json"),
  });
  expect(await new Monitor(join(directory, "none")).list({ limit: 10 })).toEqual({ sweeps: [], next: null });
});
