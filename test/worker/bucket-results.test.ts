import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { EXIT_CODE, exportResults, type ResultStore, resultBlocks, SweepError, verify } from "sweep-worker";
import { FileStore } from "../../worker/src/stores/file-store.ts";
import { Bucket } from "../../worker/src/stores/s3-bucket.ts";
import { S3Store } from "../../worker/src/stores/s3-store.ts";
import { FakeS3 } from "../support/fake-s3.ts";
import { type Evaluated, evaluated, storeAll, testIdentity } from "../support/stores.ts";
import { sha256, temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
const URL = "s3://bucket/runs/one";
const TOTAL = 120;
const identity = testIdentity(TOTAL, 10);
/** Blocks with some failures, and one that overlaps another. */
const BLOCKS: Evaluated[] = [
  ...Array.from({ length: TOTAL / 10 }, (_, block) =>
    evaluated(block * 10, 10, block, block % 7 === 0 ? { [block * 10 + 3]: "timeout" } : {}),
  ),
  evaluated(100, 4, 10),
];
const environment = { ...process.env };
let s3: FakeS3;

beforeEach(async () => {
  s3 = await FakeS3.start();
  Object.assign(process.env, s3.environment, { TMPDIR: temporary });
});
afterEach(async () => {
  process.env = { ...environment };
  await s3.stop();
});

async function fill(store: ResultStore, blocks = BLOCKS): Promise<void> {
  await store.create(identity, undefined);
  await storeAll(store, identity, blocks);
}

const fetched = () => s3.requests.filter((request) => /^GET .*\.block$/.test(request));
const temporary = join(directory, "temporary");
mkdirSync(temporary);

test("a bucket is verified and exported like a directory, without files on this machine", async () => {
  const local = join(directory, "local");
  await fill(new FileStore(local));
  await fill(new S3Store(URL, 20_000));
  s3.requests.length = 0;
  const [remote, expected] = [await verify(URL), await verify(local)];
  expect(remote.receipt).toEqual(expected.receipt);
  // The block behind the longer one with the same start does not count.
  expect(fetched()).toHaveLength(TOTAL / 10);
  for (const report of ["receipt.json", "present.bits", "failures.jsonl"]) {
    expect(s3.objects.get(`runs/one/${report}`)?.equals(readFileSync(join(local, report)))).toBe(true);
  }
  s3.requests.length = 0;
  for (const format of ["parquet", "csv", "jsonl"] as const) {
    const outputs = [URL, local].map((url) => ({ url, output: join(directory, `${url.length}.${format}`) }));
    for (const { url, output } of outputs) await exportResults(url, { format, output });
    expect({ format, digest: sha256(outputs[0]?.output ?? "") }).toEqual({
      format,
      digest: sha256(outputs[1]?.output ?? ""),
    });
  }
  // Each table was written while its results were verified.
  expect(fetched()).toHaveLength((3 * TOTAL) / 10);
  const values: number[] = [];
  for await (const { columns } of resultBlocks(remote.reader)) values.push(...(columns.a ?? []));
  expect(values.slice(0, 5)).toEqual([0, 0, 0, Number.NaN, 0]);
  expect(readdirSync(temporary)).toEqual([]);
});

test("a table appears only if all results are proved", async () => {
  await fill(new S3Store(URL, 20_000), BLOCKS.slice(0, 8));
  const output = join(directory, "never.csv");
  const exporting = exportResults(URL, { format: "csv", output });
  const error = await exporting.catch((reason) => reason);
  expect(error).toBeInstanceOf(SweepError);
  expect({ code: error.exitCode, message: error.message }).toEqual({
    code: EXIT_CODE.TRY_AGAIN,
    message: `${URL} is not complete: 40 parameters are missing (80-119). Start the run again: it computes only these`,
  });
  expect(readdirSync(directory).filter((name) => name.startsWith("never"))).toEqual([]);
  expect([...s3.objects.keys()].filter((key) => /receipt|present|failures/.test(key))).toEqual([]);
});

test("a download keeps the files, and a second one fetches only new blocks", async () => {
  const store = new S3Store(URL, 20_000);
  await fill(store, BLOCKS.slice(0, 8));
  const kept = join(directory, "kept");
  const downloading = () => verify(URL, { downloadDirectory: kept });
  await expect(downloading()).rejects.toThrow("40 parameters are missing (80-119)");
  expect(fetched()).toHaveLength(8);
  await storeAll(store, identity, BLOCKS.slice(8));
  s3.requests.length = 0;
  const { receipt } = await downloading();
  expect(fetched()).toHaveLength(4);
  expect(receipt).toEqual((await verify(URL)).receipt);
  expect(existsSync(join(kept, "receipt.json"))).toBe(true);
  const values = join(kept, "columns/a.f64");
  expect(sha256(values)).toBe(receipt.columns.a?.sha256);
  // A crash of this machine has lost values of a block whose record is there.
  const file = openSync(values, "r+");
  writeSync(file, Buffer.alloc(8), 0, 8, 8 * 25);
  closeSync(file);
  s3.requests.length = 0;
  expect((await downloading()).receipt).toEqual(receipt);
  expect(fetched()).toEqual(["GET runs/one/blocks/0000000000000020-10.block"]);
});

test("a report that does not fit in memory is uploaded in parts, and appears when it is finished", async () => {
  const bucket = new Bucket(URL, 20_000);
  const pieces = [1, 2, 3].map((value) => Buffer.alloc(3 * 2 ** 20 + 1, value));
  const long = bucket.report("long");
  for (const piece of pieces) await long.write(piece);
  expect(s3.objects.has("runs/one/long")).toBe(false);
  await long.finish();
  expect(s3.objects.get("runs/one/long")?.equals(Buffer.concat(pieces))).toBe(true);
  const abandoned = bucket.report("abandoned");
  for (const piece of pieces) await abandoned.write(piece);
  expect(s3.uploads.has("runs/one/abandoned")).toBe(true);
  await abandoned.abandon();
  const short = bucket.report("short");
  await short.write("one ");
  await short.write("line\n");
  await short.finish();
  expect({ uploads: s3.uploads.size, keys: [...s3.objects.keys()] }).toEqual({
    uploads: 0,
    keys: ["runs/one/long", "runs/one/short"],
  });
  expect(s3.objects.get("runs/one/short")?.toString()).toBe("one line\n");
});
