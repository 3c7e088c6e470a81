import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FakeS3 } from "../support/fake-s3.ts";
import {
  type Finished,
  readFailures,
  readReceipt,
  startSweep,
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
  { bad: [23], total: 200, batchSize: 50, atMost: 4 },
  // More suspects than steps of a search.
  { bad: [123], total: 2_000, batchSize: 1_500, atMost: 5 },
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
  // The AWS SDK asks again for an object that is not there, because it knows every way in which that can be answered.
  expect(records.map((request) => request.split(" ")[0])).toEqual(["GET", "GET", "PUT", "PUT"]);
  expect(s3.requests.filter((request) => request.startsWith("PUT") && request.includes("/blocks/"))).toHaveLength(100);
  await s3.stop();
});

test("a worker that is stopped in a search blames nobody, and the next one goes on with the search", async () => {
  const results = join(directory, "goes-on");
  const evaluation = writeEvaluation(
    directory,
    "goes-on",
    `export function evaluate(parameter: number): number {
       for (const until = performance.now() + 10; performance.now() < until; );
       if (parameter === 150) { process.kill(process.ppid, "SIGKILL"); process.kill(-process.pid, "SIGKILL"); for (;;); }
       return 2 * parameter;
     }`,
  );
  const env = workerEnvironment({ evaluation, total: 160, batchSize: 40, results });
  const note = () => JSON.parse(readFileSync(join(results, "in-work-0-of-1.json"), "utf8"));
  const isKilled = async () => expect((await sweep(["worker"], { env })).signal).toBe("SIGKILL");
  await isKilled();
  expect(note()).toEqual({ deathsAlone: 0, isAtWork: true });
  const { child, finished, output } = startSweep(["worker"], { env });
  while (!output().includes("the last start of this worker was killed"))
    await new Promise((next) => setTimeout(next, 5));
  child.kill("SIGTERM");
  expect((await finished).code).toBe(143);
  expect(note()).toEqual({ deathsAlone: 0, isAtWork: false });
  await isKilled();
  // What was finished of the block at the first kill may be committed.
  const { start, count } = note().suspects;
  expect({ end: start + count, isRest: start >= 120 && start <= 150 }).toEqual({ end: 160, isRest: true });
  await isKilled();
  expect(note()).toEqual({ suspects: { start: 150, count: 1 }, deathsAlone: 0, isAtWork: true });
  await isKilled();
  expect(note()).toEqual({ suspects: { start: 150, count: 1 }, deathsAlone: 1, isAtWork: true });
  expect((await sweep(["worker"], { env })).code).toBe(0);
  expect(readFailures(results)).toEqual([failure(150)]);
});
