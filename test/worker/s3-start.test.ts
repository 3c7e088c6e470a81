import { subtract } from "../../worker/src/parameters/ranges.ts";
import { readProgress } from "../../worker/src/results/progress.ts";
import { createTextChecksum } from "../../worker/src/stores/checksum.ts";
import { serializeRecord } from "../../worker/src/stores/commit-log.ts";
import { openStore } from "../../worker/src/stores/open.ts";
import { keyOf } from "../../worker/src/stores/s3-blocks.ts";
import { FakeS3 } from "../support/fake-s3.ts";
import { type Evaluated, evaluated, testIdentity } from "../support/stores.ts";

const URL = "s3://bucket/runs/a & b";
const TOTAL = 10_000;
const BATCH = 10;
const identity = testIdentity(TOTAL, BATCH, ["a"]);
const environment = { ...process.env };
let s3: FakeS3;

/** 1,000 blocks, each of which fails at a parameter if it starts at a multiple of 2,000, and a part that overlaps two of them. */
const blocks = [
  ...Array.from({ length: TOTAL / BATCH }, (_, index) =>
    evaluated(index * BATCH, BATCH, 1, index % 200 === 0 ? { [index * BATCH + 3]: "timeout" } : {}),
  ),
  evaluated(2_005, 10, 1, { 2007: "timeout", 2012: "timeout" }),
];

/** Puts objects into the bucket of which only the names, the sizes and the records are right. */
async function putObjects(prefix: string, evaluations: readonly Evaluated[]): Promise<void> {
  const checksumOf = await createTextChecksum();
  for (const { start, count, outcomes } of evaluations) {
    const failures = outcomes.flatMap((outcome, index) =>
      outcome === "timeout" ? [{ parameter: start + index, kind: outcome, error: "late" }] : [],
    );
    const line = serializeRecord({ start, count, checksum: "0".repeat(16), failures }, checksumOf);
    s3.objects.set(`${prefix}${keyOf({ start, count })}`, Buffer.concat([Buffer.alloc(8 * count), Buffer.from(line)]));
  }
}

beforeAll(async () => {
  s3 = await FakeS3.start();
  Object.assign(process.env, s3.environment);
  const store = await openStore(URL);
  await store.create(identity, undefined);
  await putObjects("runs/a & b/", blocks);
  s3.pageSize = 1_000;
});
beforeEach(() => {
  s3.requests.length = 0;
});
afterAll(async () => {
  process.env = environment;
  await s3.stop();
});

test("progress reads only the records that have failures, and counts each parameter once", async () => {
  expect(await readProgress(URL)).toMatchObject({ total: TOTAL, present: TOTAL - 6, failed: 6, remaining: 0 });
  const gets = s3.requests.filter((request) => request.includes("/blocks/"));
  expect(gets).toHaveLength(6);
});

test("lanes that list at the same time count a block between two of them once", async () => {
  const url = "s3://bucket/runs/lanes";
  // 20,000 blocks are 20 pages, so that there are five lanes of 8,000 parameters.
  await (await openStore(url)).create(testIdentity(40_000, 2, ["a"]), undefined);
  await putObjects("runs/lanes/", [evaluated(7_999, 2, 1, { 7999: "timeout", 8000: "timeout" })]);
  s3.requests.length = 0;
  expect(await readProgress(url)).toMatchObject({ present: 0, failed: 2, remaining: 39_998 });
  expect(s3.requests.filter((request) => request === "GET ")).toHaveLength(5);
});

test("a start lists what its share can meet, and finds a block that reaches into it", async () => {
  const writer = await (await openStore(URL)).write(identity);
  const share = [
    { start: 2_012, count: 3 },
    { start: 9_000, count: 20 },
  ];
  s3.objects.delete("runs/a & b/blocks/0000000000002010-10.block");
  expect(subtract(share, await writer.committed(share))).toEqual([]);
  expect(s3.requests.length).toBeLessThanOrEqual(2);
  await writer.close();
});

test("a block that a start would not find again is not committed", async () => {
  const writer = await (await openStore(URL)).write(identity);
  const record = { start: 0, count: BATCH + 1, checksum: "0".repeat(16), failures: [], position: 0 };
  await expect(writer.commit([record])).rejects.toThrow("a block of 11 parameters is longer than the batch size");
  await writer.close();
});

test("a bucket that refuses run.json with SlowDown has slowed the worker down, which hears of it", async () => {
  let requests = 0;
  s3.fault = ({ method }) => (method === "PUT" && requests++ === 0 ? 503 : undefined);
  const store = await openStore("s3://bucket/runs/slow");
  await store.create(identity, undefined);
  s3.fault = () => undefined;
  const onSlowDown = jest.fn();
  await (await store.write(identity, onSlowDown)).close();
  expect(onSlowDown).toHaveBeenCalledTimes(1);
});
