import { type Sweep, sweepListSchema, sweepSchema } from "../../../worker/src/api/sweeps.ts";
import { Monitor, NotFoundError } from "../../../worker/src/monitoring/index.ts";
import { FakeS3 } from "../../support/fake-s3.ts";
import { testIdentity } from "../../support/stores.ts";
import { blocksUntil, putSweep, putText } from "../../support/sweeps.ts";
import { until } from "../../support/until.ts";

const ROOT = "s3://bucket/runs";
const MONTH_MS = 30 * 86_400_000;
const environment = { ...process.env };
const identity = testIdentity(1_000, 10, ["a"]);
let s3: FakeS3;
let monitor: Monitor;

beforeEach(async () => {
  s3 = await FakeS3.start();
  s3.pageSize = 1_000;
  Object.assign(process.env, s3.environment, { AWS_MAX_ATTEMPTS: "1" });
  monitor = new Monitor(ROOT, { pollMs: 20 });
});
afterEach(async () => {
  jest.restoreAllMocks();
  monitor.close();
  process.env = { ...environment };
  await s3.stop();
});

const sweepJson = (stop?: object) => JSON.stringify({ format: "sweep-settings/1", settings: {}, stop });

test("a sweep of a queue that runs: its counts, rate, time left, cost and where it was submitted", async () => {
  const now = Date.now();
  // However long the machine takes, the last minute is that before the last commit.
  jest.spyOn(Date, "now").mockReturnValue(now);
  const blocks = blocksUntil(now, 600, 10, 2_000).map((block) => ({
    ...block,
    failed: block.start % 200 === 0 ? [block.start + 3, block.start + 4] : [],
  }));
  await putSweep(s3, "runs/queue/one", identity, blocks, now - 3_600_000);
  putText(s3, "runs/queue/one/sweep.json", sweepJson());
  const submission = { submittedBy: "a@b.c", at: "2026-11-22T10:00:00.000Z", size: "large", mode: "queue" };
  putText(s3, "runs/queue/one/submission.json", JSON.stringify({ format: "sweep-submission/1", ...submission }));
  const costOf = jest.fn(() => 1.5);
  const sweep = await new Monitor(ROOT, { costOf }).sweep("queue:one");
  expect(sweepSchema.parse(sweep)).toMatchObject({
    name: "queue:one",
    url: "s3://bucket/runs/queue/one",
    identity: { evaluation: "test", columns: ["a"], total: 1_000, batchSize: 10, seed: 0 },
    state: "running",
    counts: { present: 594, failed: 6, isFailedExact: true, remaining: 400 },
    createdAt: new Date(Math.floor((now - 3_600_000) / 1000) * 1000).toISOString(),
    lastCommitAt: new Date(Math.floor(now / 1000) * 1000).toISOString(),
    // A block each two seconds.
    ratePerSecond: 5,
    secondsLeft: 80,
    stop: null,
    submission,
    costUsd: 1.5,
    // Sixty blocks of two seconds.
    computingSeconds: 120,
    hasReceipt: false,
    hasParquet: false,
    canCancel: true,
    canResume: true,
  });
  expect(costOf).toHaveBeenCalledWith(expect.objectContaining({ size: "large", mode: "queue" }), 120);
  expect(sweep.throughput.parameters.reduce((sum, count) => sum + count, 0)).toBe(600);
});

test.each<[string, Sweep["state"], (key: string) => void, Partial<Sweep>]>([
  ["nothing is committed", "waiting", () => {}, {}],
  [
    "a reason",
    "cancelled",
    (key) => putText(s3, `${key}/sweep.json`, sweepJson(stopOf("cancelled"))),
    { canCancel: false, canResume: true },
  ],
  ["an error", "failed", (key) => putText(s3, `${key}/sweep.json`, sweepJson(stopOf("failed"))), { canResume: true }],
])("a sweep of which %s is %s", async (_, state, prepare, more) => {
  await putSweep(s3, "runs/job/one", identity, []);
  prepare("runs/job/one");
  expect(await monitor.sweep("job:one")).toMatchObject({ state, ratePerSecond: 0, secondsLeft: null, ...more });
});

const stopOf = (kind: string) => ({ kind, reason: "enough", at: "2026-11-22T10:00:00.000Z" });

test("a sweep of last month gives its throughput, and a receipt makes it verified", async () => {
  const end = Date.now() - MONTH_MS;
  await putSweep(s3, "runs/old", identity, blocksUntil(end, 1_000, 10, 60_000), end - MONTH_MS);
  expect(await monitor.sweep("old")).toMatchObject({ state: "complete", ratePerSecond: 0, canCancel: false });
  putText(s3, "runs/old/receipt.json", "{}");
  putText(s3, "runs/old/results.parquet", "");
  const { throughput, ...sweep } = await new Monitor(ROOT).sweep("old");
  expect(sweep).toMatchObject({ state: "verified", hasReceipt: true, hasParquet: false, computingSeconds: 6_000 });
  // 99 minutes in steps of 16 seconds.
  expect(throughput.stepSeconds).toBe(16);
  expect(throughput.parameters.length).toBeLessThanOrEqual(512);
  expect(throughput.parameters.reduce((sum, count) => sum + count, 0)).toBe(1_000);
  const start = Date.parse(throughput.start ?? "");
  expect(start).toBeLessThanOrEqual(end - 99 * 60_000);
  expect(start + 16_000).toBeGreaterThan(end - 99 * 60_000 - 1_000);
});

test("a sweep that rests is idle, and goes on being shown", async () => {
  await putSweep(s3, "runs/one", identity, blocksUntil(Date.now() - 121_000, 500, 10, 1_000));
  expect(await monitor.sweep("one")).toMatchObject({ state: "idle", ratePerSecond: 0, secondsLeft: null });
});

test("the slots of a Job's workers are known by their notes", async () => {
  // Three workers commit a block each at the same moment, every ten seconds.
  const blocks = blocksUntil(Date.now() - MONTH_MS, 999, 9, 10_000).map((block, index, all) => ({
    ...block,
    at: all[Math.floor(index / 3)]?.at ?? 0,
  }));
  await putSweep(s3, "runs/job/one", testIdentity(999, 9, ["a"]), blocks);
  putText(s3, "runs/job/one/in-work-0-of-3.json", "");
  const { computingSeconds } = await monitor.sweep("job:one");
  // 37 rounds, of which the first one cannot be seen.
  expect(computingSeconds).toBeGreaterThan(3 * 355);
  expect(computingSeconds).toBeLessThan(3 * 375);
});

test("two hundred watchers cost the requests of one, and nothing is read while nobody watches", async () => {
  await putSweep(s3, "runs/one", identity, blocksUntil(Date.now(), 500, 10, 100));
  const seen = Array.from({ length: 200 }, (): Sweep[] => []);
  const stops = seen.map((sweeps) => monitor.watch("one", (sweep) => sweeps.push(sweep), unexpected));
  await until(() => seen.every((sweeps) => sweeps.length >= 3));
  for (const stop of stops) stop();
  const looks = seen[0]?.length ?? 0;
  // A look is a listing of notes and one of blocks. Once, run.json is read and the notes of workers are looked for.
  await until(() => s3.requests.length >= 2 * looks + 1);
  const requests = s3.requests.length;
  expect(requests).toBeLessThanOrEqual(2 * (looks + 1) + 2);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(s3.requests.length).toBeLessThanOrEqual(requests + 2);
  const after = s3.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(s3.requests).toHaveLength(after);
});

test("all who ask at the same time share a look", async () => {
  await putSweep(s3, "runs/one", identity, blocksUntil(Date.now(), 500, 10, 100));
  await Promise.all(Array.from({ length: 50 }, () => [monitor.sweep("one"), monitor.heatMap("one", 64)]).flat());
  // The notes, run.json, the blocks and the notes of workers.
  expect(s3.requests).toHaveLength(4);
});

test("the rate of a sweep that has just begun is that of its own time", async () => {
  await putSweep(s3, "runs/one", identity, blocksUntil(Date.now(), 200, 10, 1_000));
  // Twenty blocks in 19 seconds, and the bucket has whole seconds.
  const { ratePerSecond } = await monitor.sweep("one");
  expect(ratePerSecond).toBeGreaterThan(8);
  expect(ratePerSecond).toBeLessThan(11);
});

test("a bucket that is away is told to the watcher, who sees the sweep when it is back", async () => {
  await putSweep(s3, "runs/one", identity, []);
  s3.fault = () => 500;
  const errors: unknown[] = [];
  const sweeps: Sweep[] = [];
  const stop = monitor.watch(
    "one",
    (sweep) => sweeps.push(sweep),
    (error) => errors.push(error),
  );
  await until(() => errors.length >= 2);
  expect(String(errors[0])).toMatch(/^TemporaryError: cannot list s3:\/\/bucket\/runs\/one\/: InternalError/);
  s3.fault = () => undefined;
  await until(() => sweeps.length > 0);
  stop();
});

test("one watcher that fails does not disturb the others", async () => {
  await putSweep(s3, "runs/one", identity, []);
  const errors: unknown[] = [];
  const sweeps: Sweep[] = [];
  const closed = () => {
    throw new Error("closed");
  };
  monitor.watch("one", closed, (error) => errors.push(error));
  monitor.watch("one", (sweep) => sweeps.push(sweep), unexpected);
  await until(() => sweeps.length >= 2);
  expect(String(errors[0])).toBe("Error: closed");
});

test("a sweep that nobody submitted, and a name that is none", async () => {
  await expect(monitor.sweep("queue:none")).rejects.toThrow(
    new NotFoundError("s3://bucket/runs/queue/none holds no sweep: it has no run.json"),
  );
  for (const name of ["..", "a:..:b", "a/b", "", "a:b:c:d"]) {
    expect(() => monitor.url(name)).toThrow(new NotFoundError(`${JSON.stringify(name)} is no name of a sweep`));
  }
});

test("the list has sweeps of one and two levels, the newest first, in pages, and reads each run.json once", async () => {
  const names = ["queue/a", "queue/b", "job/c", "d"];
  const now = Date.now();
  for (const [place, name] of names.entries()) {
    await putSweep(s3, `runs/${name}`, identity, [{ start: 0, count: 10 }], now - place * 60_000);
  }
  // No sweeps: a folder without run.json, a damaged run, a file, and a name that no URL can have.
  putText(s3, "runs/queue/none/readme.txt", "no");
  putText(s3, "runs/queue/damaged/run.json", "{");
  putText(s3, "runs/readme.txt", "no");
  putText(s3, "runs/with space/run.json", "{");
  const first = sweepListSchema.parse(await monitor.list({ limit: 3 }));
  expect(first.sweeps.map(({ name }) => name)).toEqual(["queue:a", "queue:b", "job:c"]);
  expect(first.sweeps[0]?.counts).toEqual({ present: 10, failed: 0, isFailedExact: true, remaining: 990 });
  // A new sweep does not move the next page.
  await putSweep(s3, "runs/queue/new", identity, [], now + 60_000);
  await new Promise((resolve) => setTimeout(resolve, 25));
  const second = await monitor.list({ limit: 3, after: first.next ?? "" });
  expect({ names: second.sweeps.map(({ name }) => name), next: second.next }).toEqual({ names: ["d"], next: null });
  expect((await monitor.list({ limit: 50 })).sweeps[0]?.name).toBe("queue:new");
  s3.requests.length = 0;
  await new Promise((resolve) => setTimeout(resolve, 25));
  await monitor.list({ limit: 1 });
  expect(s3.requests.filter((request) => request.endsWith("a/run.json"))).toEqual([]);
  await expect(monitor.list({ limit: 3, after: "x" })).rejects.toThrow(
    new NotFoundError('"x" is no end of a page: begin with the first page, or use its "next"'),
  );
});

test("a download is a signed link of 15 minutes, and there is none to what is not there", async () => {
  await putSweep(s3, "runs/one", identity, []);
  putText(s3, "runs/one/receipt.json", "{}");
  expect(await monitor.download("one", "results.parquet")).toBeUndefined();
  const found = await monitor.download("one", "receipt.json");
  const url = new URL(found?.kind === "redirect" ? found.url : "");
  expect([url.pathname, url.searchParams.get("X-Amz-Expires")]).toEqual(["/bucket/runs/one/receipt.json", "900"]);
});

test("a place can be checked without reading any sweep", async () => {
  await monitor.checkReachable();
  expect(s3.requests).toHaveLength(1);
  s3.fault = () => 403;
  await expect(monitor.checkReachable()).rejects.toThrow(
    "cannot list s3://bucket/runs/: AccessDenied: as the test asked",
  );
});

function unexpected(error: unknown): void {
  throw error;
}
