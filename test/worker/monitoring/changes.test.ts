import { join } from "node:path";
import type { Sweep } from "../../../worker/src/api/sweeps.ts";
import { Monitor } from "../../../worker/src/monitoring/index.ts";
import { FileStore } from "../../../worker/src/stores/file-store.ts";
import { FakeS3 } from "../../support/fake-s3.ts";
import { testIdentity } from "../../support/stores.ts";
import { temporaryDirectory } from "../../support/sweep.ts";
import { blocksUntil, putSweep, putText } from "../../support/sweeps.ts";
import { until } from "../../support/until.ts";

const POLL_MS = 20;
const directory = temporaryDirectory();
const HOUR_MS = 3_600_000;
const environment = { ...process.env };
const identity = testIdentity(100, 10, ["a"]);
let s3: FakeS3;
let monitor: Monitor;

beforeEach(async () => {
  s3 = await FakeS3.start();
  s3.pageSize = 1_000;
  Object.assign(process.env, s3.environment, { AWS_MAX_ATTEMPTS: "1" });
  monitor = new Monitor("s3://bucket/runs", { pollMs: POLL_MS });
});
afterEach(async () => {
  monitor.close();
  process.env = { ...environment };
  await s3.stop();
});

const nextLook = () => new Promise((resolve) => setTimeout(resolve, POLL_MS + 5));
const names = async () => (await monitor.list({ limit: 50 })).sweeps.map(({ name }) => name);
const requestsOf = (key: string) => s3.requests.filter((request) => request === `GET runs/${key}`).length;

function remove(prefix: string): void {
  for (const key of s3.objects.keys()) if (key.startsWith(`runs/${prefix}/`)) s3.objects.delete(key);
}

describe("the list", () => {
  test("has all sweeps but those that may not be read, and is refused only if nothing may be", async () => {
    await putSweep(s3, "runs/queue/a", identity, []);
    await putSweep(s3, "runs/queue/archived", identity, []);
    await putSweep(s3, "runs/later", identity, [{ start: 0, count: 10, failed: [3] }]);
    s3.fault = ({ key }) => (key === "runs/queue/archived/run.json" || key.includes("later/blocks") ? 403 : undefined);
    expect(await names()).toEqual(["queue:a"]);
    s3.fault = ({ method, key }) => (method === "GET" && key !== "" ? 403 : undefined);
    await expect(new Monitor("s3://bucket/runs").list({ limit: 50 })).rejects.toThrow(
      /^cannot read from s3:\/\/bucket\/runs\/.*: AccessDenied: as the test asked$/,
    );
  });

  test("does not read a folder that holds no sweep again and again", async () => {
    for (let folder = 0; folder < 20; folder++) putText(s3, `runs/logs/${folder}/today.txt`, "no");
    expect(await names()).toEqual([]);
    await nextLook();
    expect(await names()).toEqual([]);
    expect(requestsOf("logs/7/run.json")).toBeLessThanOrEqual(2);
    const requests = s3.requests.length;
    await nextLook();
    await names();
    // The root, and the folder of folders.
    expect(s3.requests.length - requests).toBe(2);
  });

  test("of the longest page reads the identity of each sweep once", async () => {
    const stores = Array.from({ length: 200 }, (_, sweep) => new FileStore(join(directory, `${sweep}`)));
    await Promise.all(stores.map((store) => store.create(identity, undefined)));
    const inDirectory = new Monitor(directory, { pollMs: POLL_MS });
    expect((await inDirectory.list({ limit: 200 })).sweeps).toHaveLength(200);
    const describe = jest.spyOn(FileStore.prototype, "describe");
    await nextLook();
    await inDirectory.list({ limit: 200 });
    expect(describe).not.toHaveBeenCalled();
    describe.mockRestore();
  });

  test("has a sweep that was deleted and begun again at its new place", async () => {
    const now = Date.now();
    await putSweep(s3, "runs/one", identity, [], now - 200_000);
    await putSweep(s3, "runs/other", identity, [], now - 100_000);
    expect(await names()).toEqual(["other", "one"]);
    remove("one");
    await putSweep(s3, "runs/one", identity, [], now);
    await nextLook();
    await names();
    await nextLook();
    expect(await names()).toEqual(["one", "other"]);
  });
});

test("the failures of a sweep that was deleted and begun again are those of the new one", async () => {
  await putSweep(s3, "runs/one", identity, [{ start: 0, count: 10, failed: [3, 4] }], Date.now() - HOUR_MS);
  expect((await monitor.sweep("one")).counts.failed).toBe(2);
  await putSweep(s3, "runs/one", identity, [{ start: 0, count: 10, failed: [3] }]);
  await nextLook();
  expect((await monitor.sweep("one")).counts.failed).toBe(1);
});

test("a sweep whose receipt was made void is counted anew, although it was complete", async () => {
  await putSweep(s3, "runs/one", identity, blocksUntil(Date.now() - HOUR_MS, 100, 10, 1_000));
  putText(s3, "runs/one/receipt.json", "{}");
  expect((await monitor.sweep("one")).state).toBe("verified");
  s3.objects.delete("runs/one/blocks/0000000000000050-10.block");
  putText(s3, "runs/one/receipt.json", "");
  await nextLook();
  expect(await monitor.sweep("one")).toMatchObject({ state: "idle", counts: { present: 90, remaining: 10 } });
});

test("a watcher that comes after a sweep was deleted does not see it", async () => {
  await putSweep(s3, "runs/one", identity, []);
  const errors: unknown[] = [];
  const seen: Sweep[] = [];
  monitor.watch(
    "one",
    (sweep) => seen.push(sweep),
    (error) => errors.push(error),
  );
  await until(() => seen.length > 0);
  remove("one");
  await until(() => errors.length > 0);
  const late: Sweep[] = [];
  const lateErrors: unknown[] = [];
  monitor.watch(
    "one",
    (sweep) => late.push(sweep),
    (error) => lateErrors.push(error),
  );
  await until(() => lateErrors.length > 0);
  expect(late).toEqual([]);
  expect(String(lateErrors[0])).toMatch(/holds no sweep: it has no run\.json$/);
});
