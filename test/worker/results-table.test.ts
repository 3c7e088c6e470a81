import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetMetadata, parquetReadObjects } from "hyparquet";
import { exportResults, verify } from "sweep-worker";
import { rowsOfGroup } from "../../worker/src/results/parquet.ts";
import { verifyWithTable } from "../../worker/src/results/table-beside.ts";
import { FileStore } from "../../worker/src/stores/file-store.ts";
import { S3Store } from "../../worker/src/stores/s3-store.ts";
import { FakeS3 } from "../support/fake-s3.ts";
import { evaluated, storeAll, testIdentity } from "../support/stores.ts";
import { readReceipt, sha256, temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
const TOTAL = 7_000;
const identity = testIdentity(TOTAL, 1_750);
const blocks = [0, 1, 2, 3].map((block) =>
  evaluated(block * 1_750, 1_750, block, block === 2 ? { 4321: "timeout" } : {}),
);
const S3_URL = "s3://bucket/runs/one";
const environment = { ...process.env };
let s3: FakeS3;
let places = 0;

beforeEach(async () => {
  s3 = await FakeS3.start();
  Object.assign(process.env, s3.environment, { AWS_MAX_ATTEMPTS: "1" });
});
afterEach(async () => {
  process.env = { ...environment };
  await s3.stop();
});

async function inDirectory(some = blocks): Promise<string> {
  const place = join(directory, `place-${places++}`);
  const store = new FileStore(place);
  await store.create(identity, undefined);
  await storeAll(store, identity, some);
  return place;
}

async function inBucket(): Promise<void> {
  const store = new S3Store(S3_URL, 20_000);
  await store.create(identity, undefined);
  await storeAll(store, identity, blocks);
}

const noProblem = (reason: string) => {
  throw new Error(reason);
};

test("is the file of sweep export, and does not void the receipt", async () => {
  const place = await inDirectory();
  // Files that have just been written are never trusted.
  const inTime = jest.spyOn(Date, "now").mockReturnValue(Date.now() + 60_000);
  const { receipt } = await verifyWithTable(place, {}, noProblem);
  expect((await verify(place)).isUnchanged).toBe(true);
  inTime.mockRestore();
  const exported = join(directory, "exported.parquet");
  await exportResults(place, { output: exported });
  expect(sha256(join(place, "results.parquet"))).toBe(sha256(exported));
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(place, "results.parquet")) });
  expect(rows).toHaveLength(TOTAL);
  expect([rows[0], rows[4_321], rows[6_999]]).toEqual([
    { parameter: 0n, a: 0, b: 1 },
    { parameter: 4_321n, a: null, b: null },
    { parameter: 6_999n, a: 3, b: 4 },
  ]);
  expect(readReceipt(place)).toEqual(receipt);
});

test("lies in the bucket, and costs no second reading of the results", async () => {
  await inBucket();
  const place = await inDirectory();
  await exportResults(place, { output: join(directory, "bucket.parquet") });
  s3.requests.length = 0;
  await verifyWithTable(S3_URL, {}, noProblem);
  const table = s3.objects.get("runs/one/results.parquet") as Buffer;
  expect(table.equals(readFileSync(join(directory, "bucket.parquet")))).toBe(true);
  expect(s3.requests.filter((request) => /^GET .*\.block$/.test(request))).toHaveLength(blocks.length);
});

test("is left out if it cannot be written, and the results are proved all the same", async () => {
  await inBucket();
  s3.fault = ({ method, key }) => (method !== "GET" && key.endsWith("results.parquet") ? 403 : undefined);
  const problems: string[] = [];
  const { receipt } = await verifyWithTable(S3_URL, {}, (reason) => problems.push(reason));
  expect(receipt.present).toBe(TOTAL - 1);
  expect(problems).toEqual(["cannot write to s3://bucket/runs/one/: AccessDenied: as the test asked"]);
  expect(s3.objects.has("runs/one/receipt.json")).toBe(true);
  expect([...s3.objects.keys()].filter((key) => key.includes("parquet"))).toEqual([]);
  expect(s3.uploads.size).toBe(0);
});

test("is left out in a container that has room for the proof alone", async () => {
  const place = await inDirectory();
  const memory = jest.spyOn(process, "constrainedMemory").mockReturnValue(255.5 * 2 ** 20);
  const reasons: string[] = [];
  const { receipt } = await verifyWithTable(place, {}, (reason) => reasons.push(reason));
  expect(reasons).toEqual([
    `a table needs a container of 256 MiB, and this one has 255: sweep export file:${place} writes a file elsewhere`,
  ]);
  expect(readdirSync(place)).not.toContain("results.parquet");
  expect(readReceipt(place)).toEqual(receipt);
  memory.mockReturnValue(256 * 2 ** 20);
  await verifyWithTable(place, { full: true }, noProblem);
  expect(readdirSync(place)).toContain("results.parquet");
  memory.mockRestore();
});

test("is not there if the results are incomplete", async () => {
  const place = await inDirectory(blocks.slice(1));
  await expect(verifyWithTable(place, {}, noProblem)).rejects.toThrow("1,750 parameters are missing");
  expect(readdirSync(place).filter((name) => name.includes("parquet") || name === "receipt.json")).toEqual([]);
});

test("has row groups of 8 MiB at most, so that memory does not grow with the run", async () => {
  const wide = { columns: Array.from({ length: 63 }, (_, column) => `c${column}`), totalParameters: 1e10 };
  expect(rowsOfGroup(wide, true)).toBe(16_384);
  expect(rowsOfGroup(wide, false)).toBe(1_048_576);
  expect(rowsOfGroup({ columns: ["value"], totalParameters: 1e7 }, true)).toBe(65_536);
  const place = join(directory, "long");
  const [store, long] = [new FileStore(place), testIdentity(70_000, 70_000, ["value"])];
  await store.create(long, undefined);
  await storeAll(store, long, [evaluated(0, 70_000, 1)]);
  await verifyWithTable(place, {}, noProblem);
  const bytes = readFileSync(join(place, "results.parquet"));
  const { row_groups: groups } = parquetMetadata(new Uint8Array(bytes).buffer);
  expect(groups.map(({ num_rows: rows }) => rows)).toEqual([65_536n, 4_464n]);
});
