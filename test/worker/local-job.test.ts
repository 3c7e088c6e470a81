import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT_CODE, SweepError } from "../../worker/src/contract/errors.ts";
import { type JobProgress, LocalJob } from "../../worker/src/engine/local-job.ts";
import { MOST_RESTARTS, WorkerProcesses } from "../../worker/src/engine/worker-processes.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const directory = temporaryDirectory();
let programs = 0;

/** A start of a fake worker. */
interface Start {
  readonly worker: number;
  readonly attempt: number;
  readonly environment: Record<string, string>;
  readonly signals: string[];
}

interface JobSettings {
  readonly totalWorkers?: number;
  readonly maxFailures?: number;
  /** Waits before a restart that end at once; later ones end when the job is stopped. */
  readonly mostWaits?: number;
}

/**
 * A job whose workers run `behaviour` in place of a share. It sees `worker`, `attempt` (from 0) and the functions `exit(code)`,
 * `report(failed)`, `log(level, msg)` and `untilSignal(code)`.
 */
function jobOf(behaviour: string, { mostWaits = Number.POSITIVE_INFINITY, ...settings }: JobSettings = {}) {
  const folder = join(directory, `job-${programs++}`);
  const program = `${folder}.mjs`;
  writeFileSync(
    program,
    `import { appendFileSync, existsSync, readFileSync } from "node:fs";
     const file = ${JSON.stringify(`${folder}-`)} + process.env.WORKER_ID;
     const worker = Number(process.env.WORKER_ID);
     const attempt = existsSync(file) ? readFileSync(file, "utf8").split("\\n").filter((line) => line.startsWith("{")).length : 0;
     appendFileSync(file, JSON.stringify({ worker, attempt, environment: process.env }) + "\\n");
     const exit = (code) => process.exit(code);
     const report = (failed) =>
       new Promise((sent) => process.send({ share: 50, resumed: 10, committed: 40, inBlock: 0, failed }, sent));
     const log = (level, msg) => console.log(JSON.stringify({ level, msg }));
     const untilSignal = (code) => {
       for (const signal of ["SIGTERM", "SIGINT"]) {
         process.on(signal, () => { appendFileSync(file, signal + "\\n"); process.exit(code); });
       }
       setInterval(() => {}, 1000);
       return report(0);
     };
     ${behaviour}`,
  );
  const waits: number[] = [];
  const wait = async (milliseconds: number, signal: AbortSignal) => {
    waits.push(milliseconds);
    if (waits.length > mostWaits) await once(signal, "abort");
  };
  const job = new LocalJob(
    {
      totalParameters: 100,
      totalWorkers: 1,
      partition: "block-cyclic",
      resultsUrl: `file:${folder}-results`,
      ...settings,
    },
    (complete, work) => new WorkerProcesses(complete, program, { work, wait }),
  );
  const messages: string[] = [];
  job.on("message", (text) => messages.push(text));
  const startsOf = (worker: number): Start[] => {
    const file = `${folder}-${worker}`;
    const starts: Start[] = [];
    for (const line of existsSync(file) ? readFileSync(file, "utf8").split("\n") : []) {
      if (line.startsWith("{")) starts.push({ ...JSON.parse(line), signals: [] });
      else if (line !== "") starts.at(-1)?.signals.push(line);
    }
    return starts;
  };
  return { job, messages, waits, startsOf };
}

async function errorOf(running: Promise<unknown>): Promise<SweepError> {
  const error = await running.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(SweepError);
  return error;
}

test("a worker that fails is started again, each time after twice the time, until it is done", async () => {
  const { job, messages, waits, startsOf } = jobOf("await report(3); exit(attempt < 2 ? 75 : 0);");
  const { workers } = await job.run();
  expect(workers.get(0)).toEqual({ share: 50, resumed: 10, committed: 40, inBlock: 0, failed: 9 });
  expect(messages).toEqual(Array(2).fill("[WORKER 0] ended with exit code 75; starting it again"));
  expect(waits).toEqual([500, 1000]);
  expect(startsOf(0)).toHaveLength(3);
});

test("the progress of a worker that was started again counts its earlier starts too", async () => {
  const { job } = jobOf(
    `const reports = [{ resumed: 10, committed: 20, inBlock: 7, failed: 2 }, { resumed: 30, committed: 0, inBlock: 0, failed: 0 }, { resumed: 30, committed: 20, inBlock: 0, failed: 1 }];
     for (const report of attempt === 0 ? reports.slice(0, 1) : reports.slice(1))
       await new Promise((sent) => process.send({ share: 50, ...report }, sent));
     exit(attempt === 0 ? 75 : 0);`,
  );
  const seen: JobProgress[] = [];
  job.on("progress", (progress) => seen.push(progress));
  const { workers } = await job.run();
  expect(seen).toEqual([
    { totalParameters: 100, done: 37, computed: 27, failed: 2 },
    { totalParameters: 100, done: 30, computed: 20, failed: 2 },
    { totalParameters: 100, done: 50, computed: 40, failed: 3 },
  ]);
  expect(workers.get(0)).toEqual({ share: 50, resumed: 10, committed: 40, inBlock: 0, failed: 3 });
});

test("a worker that a signal has ended is started again", async () => {
  const { job, messages } = jobOf('if (attempt === 0) process.kill(process.pid, "SIGKILL"); exit(0);');
  await job.run();
  expect(messages).toEqual(["[WORKER 0] was ended by SIGKILL; starting it again"]);
});

test("a worker that fails four times is given up, and the others are stopped", async () => {
  const { job, messages, waits, startsOf } = jobOf(
    'if (worker === 1) await untilSignal(143); else { log(50, "the disk is full"); process.exitCode = 75; }',
    { totalWorkers: 2 },
  );
  const error = await errorOf(job.run());
  expect({ exitCode: error.exitCode, message: error.message }).toEqual({
    exitCode: EXIT_CODE.TRY_AGAIN,
    message: "[WORKER 0] the disk is full",
  });
  expect(MOST_RESTARTS).toBe(3);
  expect(startsOf(0)).toHaveLength(4);
  expect(waits).toEqual([500, 1000, 2000]);
  expect(startsOf(1).map(({ signals }) => signals)).toEqual([["SIGTERM"]]);
  expect(messages.filter((text) => text.includes("starting it again"))).toHaveLength(3);
  expect(messages.at(-1)).toBe("[WORKER 0] ended with exit code 75 after 4 attempts; giving up");
});

test("a worker that ends with 42 is not started again, and the others are stopped", async () => {
  const { job, messages, startsOf } = jobOf(
    'if (worker === 1) await untilSignal(143); else { log(30, "hidden"); log(50, "no permission"); process.exitCode = 42; }',
    { totalWorkers: 2 },
  );
  const error = await errorOf(job.run());
  expect({ exitCode: error.exitCode, message: error.message }).toEqual({
    exitCode: EXIT_CODE.PERMANENT,
    message: "[WORKER 0] no permission",
  });
  expect(startsOf(0)).toHaveLength(1);
  expect(startsOf(1).flatMap(({ signals }) => signals)).toEqual(startsOf(1).map(() => "SIGTERM"));
  expect(messages).toEqual(["[WORKER 0] no permission"]);
});

test("a failure without a logged error is described by its exit code", async () => {
  const { job } = jobOf("exit(42);");
  expect((await errorOf(job.run())).message).toBe("a worker has failed with exit code 42");
});

describe("an aborted signal", () => {
  test("passes SIGTERM on to every worker, and none is started again", async () => {
    const { job, messages, startsOf } = jobOf("await untilSignal(143);", { totalWorkers: 2 });
    const stopping = new AbortController();
    job.on("progress", ({ done }) => done === 100 && stopping.abort());
    const error = await errorOf(job.run({ signal: stopping.signal }));
    expect({ name: error.name, exitCode: error.exitCode, message: error.message }).toEqual({
      name: "StoppedError",
      exitCode: EXIT_CODE.TERMINATED,
      message: "the run was stopped: what is committed stays, start it again to resume",
    });
    for (const worker of [0, 1]) expect(startsOf(worker).map(({ signals }) => signals)).toEqual([["SIGTERM"]]);
    expect(messages).toEqual([]);
  });

  test("ends the wait before a restart", async () => {
    const { job, startsOf } = jobOf("exit(75);", { mostWaits: 0 });
    const stopping = new AbortController();
    job.on("message", () => setImmediate(() => stopping.abort()));
    expect((await errorOf(job.run({ signal: stopping.signal }))).exitCode).toBe(EXIT_CODE.TERMINATED);
    expect(startsOf(0)).toHaveLength(1);
  });

  test("does not turn the failure of a worker into success", async () => {
    const { job } = jobOf("await untilSignal(1);");
    const stopping = new AbortController();
    job.on("progress", () => stopping.abort());
    expect((await errorOf(job.run({ signal: stopping.signal }))).exitCode).toBe(EXIT_CODE.TERMINATED);
  });

  test("before the start lets no worker start", async () => {
    const { job, startsOf } = jobOf("exit(0);");
    expect((await errorOf(job.run({ signal: AbortSignal.abort() }))).exitCode).toBe(EXIT_CODE.TERMINATED);
    expect(startsOf(0)).toEqual([]);
  });

  test("after the last parameter changes nothing", async () => {
    const { job } = jobOf('process.on("SIGTERM", () => exit(0)); setInterval(() => {}, 1000); await report(0);');
    const stopping = new AbortController();
    job.on("progress", () => stopping.abort());
    expect((await job.run({ signal: stopping.signal })).workers.size).toBe(1);
  });
});

test("more failures than maxFailures, of all workers together, stop the job with 42", async () => {
  const { job, messages, startsOf } = jobOf("await untilSignal(143); await report(3);", {
    totalWorkers: 2,
    maxFailures: 5,
  });
  const error = await errorOf(job.run());
  expect({ exitCode: error.exitCode, message: error.message }).toEqual({
    exitCode: EXIT_CODE.PERMANENT,
    message: "more than 5 parameters failed, the limit of maxFailures (--max-failures, MAX_FAILURES)",
  });
  expect(messages).toEqual(["more than 5 parameters failed, the limit of maxFailures (--max-failures, MAX_FAILURES)."]);
  for (const worker of [0, 1]) expect(startsOf(worker).map(({ signals }) => signals)).toEqual([["SIGTERM"]]);
});

test("a worker gets the variables of its pod, and no settings of this process", async () => {
  process.env.EVALUATION_COMMAND = "another program";
  process.env.UNRELATED = "kept";
  const { job, startsOf } = jobOf("exit(0);", { totalWorkers: 2, maxFailures: 7 });
  const started = new Promise((resolve) => job.on("started", resolve));
  await job.run().finally(() => {
    delete process.env.EVALUATION_COMMAND;
    delete process.env.UNRELATED;
  });
  const [{ environment } = { environment: {} }] = startsOf(1);
  expect(environment).toMatchObject({
    WORKER_ID: "1",
    JOB_COMPLETION_INDEX: "1",
    TOTAL_WORKERS: "2",
    TOTAL_PARAMETERS: "100",
    MAX_FAILURES: "7",
    SEED: "0",
    UNRELATED: "kept",
  });
  expect(environment).not.toHaveProperty("EVALUATION_COMMAND");
  expect(await started).toMatchObject({ resumed: 0, resultsUrl: (environment as Record<string, string>).RESULTS_URL });
});

test("wrong options are named, all of them, before anything starts", () => {
  expect(() => new LocalJob({ totalParameters: -1, batchSize: 0 })).toThrow(
    "totalParameters must be a whole number from 0 to 9,007,199,254,740,991, got -1: use for example 10000000\n" +
      "batchSize must be a whole number from 1 to 10,000,000, got 0: use for example 10000",
  );
});

test("a job that is stopped for two reasons sends its workers one SIGTERM, because a second one would end their grace", async () => {
  const { job, startsOf } = jobOf(
    `process.on("SIGTERM", () => { appendFileSync(file, "SIGTERM\\n"); report(0); setTimeout(() => exit(143), 300); });
     setInterval(() => {}, 1000);
     await report(11);`,
    { maxFailures: 10 },
  );
  const stopping = new AbortController();
  job.on("progress", () => {
    if (startsOf(0)[0]?.signals.length === 1) stopping.abort();
  });
  const error = await errorOf(job.run({ signal: stopping.signal }));
  expect(error.exitCode).toBe(EXIT_CODE.PERMANENT);
  expect(stopping.signal.aborted).toBe(true);
  expect(startsOf(0)[0]?.signals).toEqual(["SIGTERM"]);
});
