import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { FakeS3 } from "../support/fake-s3.ts";
import {
  type Finished,
  readFailures,
  readReceipt,
  sweep,
  temporaryDirectory,
  workerEnvironment,
  writeEvaluation,
} from "../support/sweep.ts";

const directory = temporaryDirectory();
/** A Job's `backoffLimitPerIndex`. */
const MOST_RESTARTS = 6;

/** Kills the supervisor and the evaluation at once, as the kernel does with `memory.oom.group`. */
const killer = (name: string, ...bad: readonly number[]) =>
  writeEvaluation(
    directory,
    name,
    `export function evaluate(parameter: number): number {
       if (${JSON.stringify(bad)}.includes(parameter)) {
         process.kill(process.ppid, "SIGKILL");
         process.kill(-process.pid, "SIGKILL");
         for (;;);
       }
       return 2 * parameter;
     }`,
  );

/** Starts a worker again and again, as a Job would, until it is done. */
async function runAsJob(env: Record<string, string>): Promise<{ last: Finished; restarts: number }> {
  for (let restarts = 0; ; restarts++) {
    const last = await sweep(["worker"], { env });
    if (last.code === 0 || restarts === MOST_RESTARTS) return { last, restarts };
    expect(last.signal).toBe("SIGKILL");
  }
}

const failure = (parameter: number) => ({
  parameter,
  kind: "killed",
  error:
    "the worker was killed together with the evaluation each time this parameter ran, as the kernel does when a container has no more memory",
});

describe.each([
  { bad: [23], total: 200, batchSize: 50, atMost: 3 },
  { bad: [23, 177], total: 200, batchSize: 50, atMost: 6 },
  // More suspects than steps of a search.
  { bad: [123], total: 2_000, batchSize: 500, atMost: 4 },
])("$bad of $total parameters kill the whole worker", ({ bad, total, batchSize, atMost }) => {
  const evaluation = killer(`killer-${bad.length}-${total}`, ...bad);

  test("and only they are lost, in a directory", async () => {
    const results = join(directory, `local-${bad.length}-${total}`);
    const { last, restarts } = await runAsJob(workerEnvironment({ evaluation, total, batchSize, results }));
    expect(last.code).toBe(0);
    expect(restarts).toBeLessThanOrEqual(atMost);
    const { code } = await sweep(["verify", results]);
    expect(code).toBe(0);
    expect(readFailures(results)).toEqual(bad.map(failure));
    expect(readReceipt(results)).toMatchObject({ present: total - bad.length, failed: bad.length });
    // Nothing of the search is left.
    expect(readdirSync(results).filter((name) => name.startsWith("in-work"))).toEqual([]);
  });

  test("and only they are lost, in a bucket, where each start has a new disk", async () => {
    const s3 = await FakeS3.start();
    const env = {
      ...workerEnvironment({ evaluation, total, batchSize, results: "s3://bucket/killed" }),
      ...s3.environment,
    };
    const { last, restarts } = await runAsJob(env);
    expect(last.code).toBe(0);
    expect(restarts).toBeLessThanOrEqual(atMost);
    const download = join(directory, `download-${bad.length}-${total}`);
    expect(await sweep(["verify", "s3://bucket/killed", "--download", download], { env })).toMatchObject({ code: 0 });
    expect(readFailures(download)).toEqual(bad.map(failure));
    expect(readReceipt(download)).toMatchObject({ present: total - bad.length, failed: bad.length });
    await s3.stop();
  });
});

test("a healthy run in a bucket writes the record twice, however many blocks it has", async () => {
  const s3 = await FakeS3.start();
  const evaluation = killer("healthy");
  const env = workerEnvironment({ evaluation, total: 5_000, batchSize: 50, results: "s3://bucket/healthy" });
  expect((await sweep(["worker"], { env: { ...env, ...s3.environment } })).code).toBe(0);
  const records = s3.requests.filter((request) => request.includes("in-work"));
  expect(records.map((request) => request.split(" ")[0])).toEqual(["GET", "PUT", "PUT"]);
  expect(s3.requests.filter((request) => request.startsWith("PUT") && request.includes("/blocks/"))).toHaveLength(100);
  await s3.stop();
});

test("a stop or an error in a search blames nobody, and the search goes on", async () => {
  const results = join(directory, "goes-on");
  const evaluation = killer("goes-on", 400);
  const env = workerEnvironment({ evaluation, total: 1_000, batchSize: 100, results });
  for (let kills = 0; kills < 2; kills++) expect((await sweep(["worker"], { env })).signal).toBe("SIGKILL");
  // Too many failures: the worker ends with a word, before it comes to the parameter.
  const permanent = await sweep(["worker"], { env: { ...env, TOTAL_WORKERS: "0" } });
  expect(permanent.code).toBe(42);
  expect(existsSync(join(results, "in-work-0-of-1.json"))).toBe(true);
  expect((await sweep(["worker"], { env })).signal).toBe("SIGKILL");
  expect((await sweep(["worker"], { env })).code).toBe(0);
  expect(readFailures(results)).toEqual([failure(400)]);
});
