import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { overlaps, type Range } from "../../worker/src/parameters/ranges.ts";
import { Verification } from "../../worker/src/results/verification.ts";
import { bytesOf, createChecksum, createTextChecksum } from "../../worker/src/stores/checksum.ts";
import { serializeRecord } from "../../worker/src/stores/commit-log.ts";
import { serializeFailures } from "../../worker/src/stores/file-store.ts";
import { resolve } from "../../worker/src/stores/resolution.ts";
import { keyOf } from "../../worker/src/stores/s3-blocks.ts";
import type { Bucket } from "../../worker/src/stores/s3-bucket.ts";
import { S3Reader } from "../../worker/src/stores/s3-reader.ts";
import type { Failure, ResultReader, Stretch } from "../../worker/src/stores/store.ts";
import { testIdentity } from "../support/stores.ts";

const MOST_IN_FLIGHT = 48;

/** A bucket of blocks that are made when they are asked for. */
async function generatedBucket(blocks: readonly Range[], total: number) {
  const [checksum, checksumOf] = [await createChecksum(), await createTextChecksum()];
  const identity = testIdentity(total, 10);
  const asked: string[] = [];
  const flight = { now: 0, most: 0 };
  const get = async (key: string) => {
    asked.push(key);
    flight.most = Math.max(flight.most, ++flight.now);
    await setImmediate();
    flight.now--;
    const [start = 0, count = 0] = (/(\d{16})-(\d+)/.exec(key) ?? []).slice(1).map(Number);
    const columns = [1, 2].map((factor) =>
      Float64Array.from({ length: count }, (_, index) => factor * (start + index)),
    );
    const failures: Failure[] = [{ parameter: start + 1, kind: "threw", error: "Error: no" }];
    const record = { start, count, checksum: checksum(start, columns), failures };
    return Buffer.concat([...columns.map(bytesOf), Buffer.from(serializeRecord(record, checksumOf))]);
  };
  async function* parts(range: Range) {
    for (const part of resolve(blocks)) if (overlaps([range], part)) yield part;
  }
  const bucket = { get } as unknown as Bucket;
  const none = async () => undefined;
  const reader = new S3Reader(bucket, "s3://bucket/run", { identity, isChecked: true }, none, parts);
  return { reader, asked, flight };
}

/** Keeps the reports of a reader in memory. */
function withReports(reader: ResultReader) {
  const reports = new Map<string, Buffer>();
  const writes: number[] = [];
  const report: ResultReader["report"] = async (name) => {
    const parts: Buffer[] = [];
    return {
      write: async (content) => {
        parts.push(Buffer.from(content as string));
        writes.push(parts.at(-1)?.length ?? 0);
      },
      finish: async () => void reports.set(name, Buffer.concat(parts)),
      abandon: async () => {},
    };
  };
  const text = (name: string) => reports.get(name)?.toString() ?? "";
  return { reader: Object.assign(reader, { report }), reports, text, writes };
}

async function drain(stretches: AsyncIterable<Stretch>): Promise<void> {
  for await (const _ of stretches);
}

const tens = (count: number) => Array.from({ length: count }, (_, index) => ({ start: index * 10, count: 10 }));

test("a bucket is verified in order, with a bounded number of objects in flight", async () => {
  const { reader, asked, flight } = await generatedBucket(tens(1_000), 10_000);
  const { reader: observed } = withReports(reader);
  const verification = new Verification(observed);
  await drain(verification.stretches());
  expect(asked).toEqual(tens(1_000).map(keyOf));
  expect(flight.most).toBe(MOST_IN_FLIGHT);
  const expected = createHash("sha256").update(bytesOf(Float64Array.from({ length: 10_000 }, (_, index) => index)));
  expect(verification.receipt).toMatchObject({
    present: 9_000,
    failed: 1_000,
    blocks: 1_000,
    columns: { a: { sha256: expected.digest("hex") } },
  });
});

test("a slow reader of verified results holds the requests back", async () => {
  const { reader, asked } = await generatedBucket(tens(1_000), 10_000);
  const stretches = new Verification(withReports(reader).reader).stretches();
  for (let read = 1; read <= 3; read++) {
    await stretches.next();
    for (let turn = 0; turn < 10; turn++) await setImmediate();
    expect(asked.length).toBeLessThanOrEqual(MOST_IN_FLIGHT + read);
  }
  await stretches.return(undefined);
});

test("after a gap, the objects behind it are listed and not fetched", async () => {
  const blocks = tens(1_000).filter(({ start }) => start !== 200 && start !== 210 && start !== 5_000);
  const { reader, asked } = await generatedBucket(blocks, 10_000);
  const { reader: observed, reports } = withReports(reader);
  await expect(drain(new Verification(observed).stretches())).rejects.toThrow(
    "s3://bucket/run is not complete: 30 parameters are missing (200-219, 5,000-5,009). Start the run again: it computes only these",
  );
  expect(asked).toEqual(tens(20).map(keyOf));
  expect(reports.size).toBe(0);
});

test("missing ranges are listed up to a limit, with their number", async () => {
  const blocks = tens(1_000).filter(({ start }) => start % 20 === 0);
  const { reader } = await generatedBucket(blocks, 10_000);
  await expect(drain(new Verification(withReports(reader).reader).stretches())).rejects.toThrow(
    "5,000 parameters are missing (10-19, 30-39, 50-59, 70-79, 90-99, and 495 more ranges). Start",
  );
});

test("overlapping objects are fetched whole, and each parameter counts once", async () => {
  const { reader, asked } = await generatedBucket(
    [
      { start: 0, count: 6 },
      { start: 3, count: 7 },
    ],
    10,
  );
  const { reader: observed, text } = withReports(reader);
  const verification = new Verification(observed);
  await drain(verification.stretches());
  const checksum = await createChecksum();
  const trimmed = checksum(6, [Float64Array.of(6, 7, 8, 9), Float64Array.of(12, 14, 16, 18)]);
  expect(asked).toHaveLength(2);
  expect(verification.receipt).toMatchObject({ blocks: 2, failed: 1 });
  expect(verification.receipt.ranges[1]).toEqual({ start: 6, count: 4, checksum: trimmed, failed: 0 });
  expect(text("failures.jsonl")).toBe('{"parameter":1,"kind":"threw","error":"Error: no"}\n');
});

test("what has no bound goes to the reports, in pieces, and the receipt keeps counts and the first", async () => {
  // No columns, because nothing here depends on values. Every block has two failures.
  const [count, blocks] = [1_000, 12_000];
  const total = count * blocks;
  const columns: Float64Array[] = [];
  const failuresAt = (start: number): Failure[] =>
    [start + 1, start + 999].map((parameter) => ({ parameter, kind: "threw", error: "Error: no" }));
  async function* stretches(): AsyncGenerator<Stretch> {
    for (let start = 0; start < total; start += count) {
      yield {
        start,
        count,
        columns,
        blocks: [{ start, count, checksum: "0".repeat(16), failures: failuresAt(start) }],
      };
    }
  }
  const source = {
    identity: testIdentity(total, count, []),
    isIdentityChecked: true,
    stretches,
    checkSize: async () => {},
  };
  const { reader, reports, text, writes } = withReports(source as unknown as ResultReader);
  const verification = new Verification(reader);
  await drain(verification.stretches());
  const { receipt } = verification;
  expect(receipt).toMatchObject({ blocks, failed: 2 * blocks, present: total - 2 * blocks });
  expect(receipt.ranges).toHaveLength(10_000);
  expect(receipt.failures).toHaveLength(100);
  expect(receipt.failures.slice(0, 2)).toEqual(failuresAt(0));
  expect(JSON.parse(text("receipt.json"))).toEqual(receipt);
  const lines = text("failures.jsonl");
  expect(lines.startsWith(serializeFailures([...failuresAt(0), ...failuresAt(count)]))).toBe(true);
  expect(lines.match(/\n/g)).toHaveLength(2 * blocks);
  const bits = reports.get("present.bits") ?? Buffer.alloc(0);
  expect(bits).toHaveLength(total / 8);
  const isPresent = (parameter: number) => ((bits[parameter >> 3] as number) >> (parameter & 7)) & 1;
  // Around the border of two pieces, too: a piece has 8,388,608 parameters.
  for (const parameter of [0, 1, 2, 998, 999, 8_387_999, 8_388_001, 8_388_607, 8_388_608, 8_388_999, 8_389_000]) {
    const isFailed = parameter % count === 1 || parameter % count === 999;
    expect({ parameter, isPresent: isPresent(parameter) }).toEqual({ parameter, isPresent: isFailed ? 0 : 1 });
  }
  expect(receipt.presentBitsSha256).toBe(createHash("sha256").update(bits).digest("hex"));
  // The receipt itself is the largest piece but the bits.
  expect(Math.max(...writes)).toBeLessThanOrEqual(2 ** 21);
});
