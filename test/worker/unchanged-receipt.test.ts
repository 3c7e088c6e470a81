import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportResults, openStore, type ResultReader, resultBlocks, verify } from "sweep-worker";
import { FileStore } from "../../worker/src/stores/file-store.ts";
import { evaluated, storeAll, testIdentity } from "../support/stores.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
const identity = testIdentity(20, 10, ["a"]);
let runs = 0;

/** Results that were complete a minute ago, by the clock of the process. */
async function completeRun(): Promise<string> {
  const place = join(directory, String(runs++));
  const store = new FileStore(place);
  await store.create(identity, undefined);
  await storeAll(store, identity, [evaluated(0, 10, 1, { 3: "timeout" }), evaluated(10, 10, 2)]);
  const now = Date.now();
  jest.spyOn(Date, "now").mockReturnValue(now + 60_000);
  return place;
}

afterEach(() => jest.restoreAllMocks());

test("a second verify trusts the receipt of unchanged files, and another one reads them all", async () => {
  const place = await completeRun();
  const first = await verify(place);
  const second = await verify(place);
  expect([first.isUnchanged, second.isUnchanged]).toEqual([false, true]);
  expect(second.receipt).toEqual(first.receipt);
  expect(second.failures).toEqual(first.failures);
  expect(second.failures).toMatchObject([{ parameter: 3, kind: "timeout" }]);
  expect((await verify(place, { full: true })).isUnchanged).toBe(false);
  // A table needs the values.
  expect((await exportResults(place, { format: "csv", output: join(place, "table.csv") })).isUnchanged).toBe(false);
});

const FILES = ["columns/a.f64", "commits.log", "run.json", "receipt.json", "present.bits", "failures.jsonl"];

test.each(FILES)("a %s that was written again, with its old size and time, is read again", async (name) => {
  const place = await completeRun();
  const path = join(place, name);
  // A whole second: utimes knows no nanoseconds.
  const setTime = () => utimesSync(path, 1_000_000, 1_000_000);
  if (existsSync(path)) setTime();
  await verify(place);
  expect((await verify(place)).isUnchanged).toBe(true);
  writeFileSync(path, readFileSync(path));
  setTime();
  expect((await verify(place)).isUnchanged).toBe(false);
});

test("damage after a receipt is found, although size and time are as before", async () => {
  const place = await completeRun();
  const path = join(place, "columns/a.f64");
  utimesSync(path, 1_000_000, 1_000_000);
  await verify(place);
  const content = readFileSync(path);
  content[85] = (content[85] as number) ^ 1;
  writeFileSync(path, content);
  utimesSync(path, 1_000_000, 1_000_000);
  await expect(verify(place)).rejects.toThrow("10 parameters are missing (10-19), 10 of them because");
});

async function startsOf(reader: ResultReader): Promise<number[]> {
  const starts: number[] = [];
  for await (const { start } of resultBlocks(reader)) starts.push(start);
  return starts;
}

test("results that are damaged after they were verified are not read as values", async () => {
  const place = await completeRun();
  const { reader } = await verify(place);
  expect(await startsOf(reader)).toEqual([0]);
  writeFileSync(join(place, "columns/a.f64"), Buffer.alloc(160));
  await expect(startsOf(reader)).rejects.toThrow(
    `file:${place} is not complete: 20 parameters are missing (0-19), 20 of them because their values do not match their checksum. ` +
      "Start the run again: it computes only these",
  );
});

test.each([
  ["beginning", 10, "0-9"],
  ["end", 0, "10-19"],
])("results without their %s are not read as values", async (_, start, missing) => {
  const place = join(directory, String(runs++));
  const store = new FileStore(place);
  await store.create(identity, undefined);
  await storeAll(store, identity, [evaluated(start, 10, 1)]);
  const reader = await (await openStore(place)).read();
  await expect(startsOf(reader)).rejects.toThrow(
    `file:${place} is not complete: 10 parameters are missing (${missing}). Start the run again: it computes only these`,
  );
});

test("a receipt that is gone is made again", async () => {
  const place = await completeRun();
  await verify(place);
  rmSync(join(place, "receipt.json"));
  expect((await verify(place)).isUnchanged).toBe(false);
  expect((await verify(place)).isUnchanged).toBe(true);
});

test("a verified.json that can be neither read nor written costs the trust, and not the proof", async () => {
  const place = await completeRun();
  mkdirSync(join(place, "verified.json/inside"), { recursive: true });
  for (const _ of [1, 2]) expect(await verify(place)).toMatchObject({ isUnchanged: false, unwritten: undefined });
  expect(readdirSync(place).filter((name) => name.startsWith("verified"))).toEqual(["verified.json"]);
});

test("files that were written a moment before they were read are not trusted", async () => {
  const place = await completeRun();
  jest.restoreAllMocks();
  await verify(place);
  expect((await verify(place)).isUnchanged).toBe(false);
});

test("a receipt of an earlier version, with all ranges and no failures, does not disturb", async () => {
  const place = await completeRun();
  writeFileSync(join(place, "receipt.json"), '{"format": "sweep-results/1", "ranges": []}\n');
  expect((await verify(place)).receipt.blocks).toBe(2);
});

test("a file that is longer than its values is named", async () => {
  const place = await completeRun();
  const path = join(place, "columns/a.f64");
  writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from("more")]));
  await expect(verify(place)).rejects.toThrow(
    `file:${place} is changed: ${path} has 164 bytes instead of 160. Start the run again: it corrects the size and computes nothing`,
  );
});
