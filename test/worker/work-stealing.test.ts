import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT_CODE, type SweepError } from "../../worker/src/contract/errors.ts";
import { LocalJob } from "../../worker/src/engine/local-job.ts";
import type { LocalJobOptions } from "../../worker/src/engine/options.ts";
import { WorkerProcesses } from "../../worker/src/engine/worker-processes.ts";
import { readColumn, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();
let programs = 0;

/**
 * A job of 100 parameters in blocks of 5, whose workers run `behaviour` and compute nothing. It sees `worker`, `attempt` (from 0) and
 * the functions `next()` (a message of the leader), `firstWork()` (which waits until the other worker has its first, too), `finish(left)`, `report(done, failed)`, `send(message)` and `log(text)`.
 */
function jobOf(behaviour: string, options: Partial<LocalJobOptions> = {}) {
  const folder = join(directory, `job-${programs++}`);
  writeFileSync(
    `${folder}.mjs`,
    `import { appendFileSync, existsSync, readFileSync } from "node:fs";
     import { once } from "node:events";
     const worker = Number(process.env.WORKER_ID);
     const file = ${JSON.stringify(`${folder}-`)} + worker;
     const attempt = existsSync(file) ? readFileSync(file, "utf8").split("start\\n").length - 1 : 0;
     appendFileSync(file, "start\\n");
     const log = (text) => appendFileSync(file, text + "\\n");
     const hasWork = (other) => {
       const path = file.replace(/\\d+$/, other);
       return existsSync(path) && readFileSync(path, "utf8").includes('"work"');
     };
     const firstWork = async () => {
       const message = await next();
       while (!hasWork(1 - worker)) await new Promise((resolve) => setTimeout(resolve, 10));
       return message;
     };
     const messages = [];
     process.on("message", (message) => { log(JSON.stringify(message)); messages.push(message); process.emit("heard"); });
     const next = async () => { while (messages.length === 0) await once(process, "heard"); return messages.shift(); };
     const send = (message) => new Promise((sent) => process.send(message, sent));
     const report = (done, failed = 0) =>
       send({ type: "progress", progress: { share: 50, resumed: 0, committed: done, inBlock: 0, failed } });
     const finish = (left = [], failed = 0) => send({ type: "finished", left, failed });
     const untilEnd = async () => {
       for (let message = await next(); message.type !== "end"; message = await next())
         if (message.type === "work") await finish();
       process.exit(0);
     };
     await send({ type: "ready", concurrency: 1 });
     ${behaviour}`,
  );
  const job = new LocalJob(
    { totalParameters: 100, batchSize: 5, totalWorkers: 2, resultsUrl: `file:${folder}-results`, ...options },
    (settings, work) => new WorkerProcesses(settings, `${folder}.mjs`, { work, wait: async () => {} }),
  );
  const messages: string[] = [];
  job.on("message", (text) => messages.push(text));
  /** The messages that a worker got, after its starts. */
  const heardBy = (worker: number) =>
    readFileSync(`${folder}-${worker}`, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => (line.startsWith("{") ? JSON.parse(line) : line));
  return { job, messages, heardBy };
}

const work = (start: number, count: number) => ({ type: "work", ranges: [{ start, count }] });

test("workers get ranges, and end when every parameter is done", async () => {
  const { job, messages, heardBy } = jobOf("await firstWork(); await finish(); await untilEnd();");
  const { workers, resumed } = await job.run();
  expect(messages).toEqual([]);
  expect(resumed).toBe(0);
  for (const worker of [0, 1]) {
    expect(heardBy(worker).slice(0, 2)).toEqual(["start", work(50 * worker, 50)]);
    expect(heardBy(worker).at(-1)).toEqual({ type: "end" });
  }
  const shares = [...workers.values()].map(({ share }) => share);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBe(100);
  expect(job.progress).toEqual({ totalParameters: 100, done: 100, computed: 100, failed: 0 });
});

test("a worker yields when another has nothing left, and the two divide the rest", async () => {
  const { job, heardBy } = jobOf(
    `await firstWork();
     if (worker === 0) { await next(); await finish([{ start: 20, count: 30 }]); }
     else await finish();
     await untilEnd();`,
  );
  const { workers } = await job.run();
  expect(heardBy(0).slice(0, 4)).toEqual(["start", work(0, 50), { type: "yield" }, work(20, 15)]);
  expect(heardBy(1).slice(0, 3)).toEqual(["start", work(50, 50), work(35, 15)]);
  expect([...workers.values()].map(({ share }) => share)).toEqual([35, 65]);
});

test("a worker that dies is started again with what it had in work, others get the rest, and every parameter counts once", async () => {
  const { job, messages, heardBy } = jobOf(
    `if (attempt === 0) await firstWork();
     if (worker === 0 && attempt === 0) {
       await report(10, 2);
       process.kill(process.pid, "SIGKILL");
     }
     if (attempt === 0) await finish();
     await untilEnd();`,
  );
  const { workers } = await job.run();
  expect(messages).toEqual(["[WORKER 0] was ended by SIGKILL; starting it again"]);
  // Ten parameters a report, and parts of a block are committed every second: the store has none of them.
  const given = heardBy(0).filter((message) => message !== "start" && message.type === "work");
  expect(given.slice(0, 2)).toEqual([work(0, 50), work(0, 50)]);
  expect([...workers.values()].reduce((sum, { share }) => sum + share, 0)).toBe(100);
  expect(job.progress).toEqual({ totalParameters: 100, done: 100, computed: 100, failed: 2 });
});

test("a worker that dies four times is given up, and the others are stopped", async () => {
  const { job, messages } = jobOf(
    `if (worker === 0) process.exit(75);
     process.on("SIGTERM", () => process.exit(143));
     for (;;) if ((await next()).type === "work") await finish();`,
  );
  const error: SweepError = await job.run().then(
    () => undefined,
    (reason) => reason,
  );
  expect(error.exitCode).toBe(EXIT_CODE.TRY_AGAIN);
  expect(messages.at(-1)).toBe("[WORKER 0] ended with exit code 75 after 4 attempts; giving up");
});

test("a worker that ends without an order to end has failed, even with exit code 0", async () => {
  const { job, messages } = jobOf("if (worker === 0 && attempt === 0) process.exit(0); await untilEnd();");
  await job.run();
  expect(messages).toEqual(["[WORKER 0] ended with exit code 0; starting it again"]);
});

test("a worker that ends with exit code 0 when it is stopped does not complete the run", async () => {
  const { job } = jobOf(
    'process.on("SIGTERM", () => process.exit(0)); await next(); await report(5); for (;;) await next();',
  );
  const stopping = new AbortController();
  job.on("progress", ({ done }) => done === 10 && stopping.abort());
  await expect(job.run({ signal: stopping.signal })).rejects.toMatchObject({ exitCode: EXIT_CODE.TERMINATED });
});

test("a worker that fails after the last parameter does not fail the run", async () => {
  const { job, messages } = jobOf(
    `for (let message = await next(); message.type !== "end"; message = await next())
       if (message.type === "work") await finish();
     process.exit(worker === 0 ? 75 : 143);`,
  );
  await job.run();
  expect(messages).toEqual([]);
});

test("more failures than maxFailures, of all workers together, stop the job with 42", async () => {
  const { job, messages } = jobOf(
    `process.on("SIGTERM", () => process.exit(143));
     await firstWork();
     await (worker === 0 ? report(4, 3) : finish([{ start: 60, count: 40 }], 3));
     for (;;) await next();`,
    { maxFailures: 5 },
  );
  await expect(job.run()).rejects.toMatchObject({ exitCode: EXIT_CODE.PERMANENT });
  expect(messages).toEqual(["more than 5 parameters failed, the limit of maxFailures (--max-failures, MAX_FAILURES)."]);
});

test("the others take over what a worker cannot do while one of its parameters takes long", async () => {
  const release = join(directory, "release");
  const evaluation = writeEvaluation(
    directory,
    "held",
    `import { appendFileSync, existsSync } from "node:fs";
     export async function evaluate(parameter: number) {
       appendFileSync(${JSON.stringify(join(directory, "evaluated"))}, ".");
       while (process.env.WORKER_ID === "0" && !existsSync(${JSON.stringify(release)}))
         await new Promise((resolve) => setTimeout(resolve, 10));
       return 3 * parameter;
     }`,
  );
  const results = join(directory, "held-results");
  const options = { evaluation, totalParameters: 400, batchSize: 10, resultsUrl: `file:${results}` };
  const job = new LocalJob({ ...options, totalWorkers: 3 });
  // Two blocks are not divided any more.
  job.on("progress", ({ computed }) => computed > 380 && !existsSync(release) && writeFileSync(release, ""));
  const { workers } = await job.run();
  const shares = [...workers.values()].map(({ share }) => share);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBe(400);
  expect(shares[0]).toBeLessThan(20);
  // It yields when the parameter is done, so that nothing is computed twice.
  expect(readFileSync(join(directory, "evaluated"))).toHaveLength(400);
  expect(readColumn(results)).toEqual(Float64Array.from({ length: 400 }, (_, parameter) => 3 * parameter));

  const again = new LocalJob({ ...options, totalWorkers: 2 });
  const { resumed, workers: none } = await again.run();
  expect(resumed).toBe(400);
  expect([...none.values()].map(({ share }) => share)).toEqual([0, 0]);
  expect(again.progress).toEqual({ totalParameters: 400, done: 400, computed: 0, failed: 0 });
});

test("a worker that was busy with one parameter computes none of those that others have taken meanwhile", async () => {
  const [release, evaluated] = [join(directory, "release-busy"), join(directory, "evaluated-busy")];
  const evaluation = writeEvaluation(
    directory,
    "busy",
    `import { appendFileSync, existsSync } from "node:fs";
     export function evaluate(parameter: number) {
       appendFileSync(${JSON.stringify(evaluated)}, parameter + "\\n");
       while (parameter === 0 && !existsSync(${JSON.stringify(release)}));
       return parameter;
     }`,
  );
  const resultsUrl = `file:${join(directory, "busy-results")}`;
  const job = new LocalJob({ evaluation, totalParameters: 9, batchSize: 1, totalWorkers: 3, resultsUrl });
  job.on("progress", ({ computed }) => computed === 8 && writeFileSync(release, ""));
  await job.run();
  const parameters = readFileSync(evaluated, "utf8").trim().split("\n").map(Number);
  expect(parameters.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});
