import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { descendantsOf, isAlive } from "../support/processes.ts";
import {
  readColumn,
  readReceipt,
  sha256,
  startSweep,
  sweep,
  temporaryDirectory,
  workerEnvironment,
  writeEvaluation,
} from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const TOTAL = 200_000;
/** About a quarter of a second of work on one core, or of ROUNDS, in a hundred blocks. */
const SOURCE = writeEvaluation(
  directory,
  "work",
  `export const columns = ["value", "drawn"];
   const rounds = Number(process.env.ROUNDS ?? 600);
   export function evaluate(parameter: number, context: { random(): number }) {
     let value = parameter;
     for (let i = 0; i < rounds; i++) value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
     return { value, drawn: context.random() };
   }`,
);
/** Bundled once: that takes longer than a whole run. */
const EVALUATION = join(directory, "work.mjs");
const COLUMNS = ["value", "drawn"];

function environment(results: string, changes: Partial<Parameters<typeof workerEnvironment>[0]> = {}) {
  return workerEnvironment({ evaluation: EVALUATION, total: TOTAL, batchSize: 2_000, results, ...changes });
}

function digests(results: string): string[] {
  return COLUMNS.map((column) => sha256(join(results, "columns", `${column}.f64`)));
}

/** Whether something is committed. */
function hasBlocks(results: string): boolean {
  const log = join(results, "commits.log");
  return existsSync(log) && statSync(log).size > 0;
}

let undisturbed: string[];

beforeAll(async () => {
  expect((await sweep(["bundle", SOURCE, "--output", EVALUATION])).code).toBe(0);
  const results = join(directory, "undisturbed");
  const { code, stdout } = await sweep(["worker"], { env: environment(results) });
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringContaining("[WORKER 0] Processed: 200,000 parameters"),
  });
  undisturbed = digests(results);
});

// The kernel's list of child processes is how the evaluation process is found; other systems have none.
const onLinux = process.platform === "linux" ? test : test.skip;

onLinux(
  "100 runs, each killed with SIGKILL one to three times at random moments and resumed, give the bytes of the undisturbed run",
  async () => {
    // Most of a run is then its starts, its commits and its end, which the kills are for.
    const environmentOf = (results: string) => ({ ...environment(results), ROUNDS: "150" });
    const whole = join(directory, "short-undisturbed");
    expect((await sweep(["worker"], { env: environmentOf(whole) })).code).toBe(0);
    const expected = digests(whole);
    let killed = 0;
    const runOnce = async (run: number) => {
      const results = join(directory, `killed-${run}`);
      const env = environmentOf(results);
      for (let kills = 1 + Math.floor(Math.random() * 3); kills > 0; kills--) {
        const { child, finished } = startSweep(["worker"], { env });
        // From the first line of code to beyond the end.
        await Promise.race([finished, pause(Math.random() * 700)]);
        const evaluation = descendantsOf(child.pid as number)[0];
        // The supervisor, the evaluation under it, or both.
        const victim = Math.random();
        if (victim > 0.3 && child.kill("SIGKILL")) killed++;
        if (victim < 0.6 && evaluation !== undefined && isAlive(evaluation)) process.kill(evaluation, "SIGKILL");
        // If only the evaluation died, the worker must go on by itself.
        await finished;
      }
      const { code, stdout } = await sweep(["worker"], { env });
      expect({ run, code, stdout }).toEqual({
        run,
        code: 0,
        stdout: expect.stringContaining("Processed: 200,000 parameters"),
      });
      expect({ run, digests: digests(results) }).toEqual({ run, digests: expected });
    };
    const waiting = Array.from({ length: 100 }, (_, run) => run);
    const lane = async () => {
      for (let run = waiting.pop(); run !== undefined; run = waiting.pop()) await runOnce(run);
    };
    await Promise.all([lane(), lane(), lane()]);
    // Some moments are after the end, but a test that kills nothing proves nothing.
    expect(killed).toBeGreaterThan(50);
  },
);

onLinux("nothing is left running when a worker is killed, not even an endless loop", async () => {
  const endless = writeEvaluation(directory, "endless", "export function evaluate(): number { for (;;); }");
  const { child, finished } = startSweep(["worker"], {
    env: environment(join(directory, "endless"), { evaluation: endless }),
  });
  let started: number[] = [];
  await until(() => {
    started = descendantsOf(child.pid as number);
    return started.length > 0;
  });
  await pause(500);
  child.kill("SIGKILL");
  await finished;
  await until(() => !started.some(isAlive));
});

test("SIGTERM flushes and exits with 143, and committed parameters are not computed again", async () => {
  const results = join(directory, "terminated");
  const { child, finished } = startSweep(["worker"], { env: environment(results) });
  await until(() => hasBlocks(results));
  child.kill("SIGTERM");
  expect((await finished).code).toBe(143);
  const status = JSON.parse((await sweep(["status", results, "--json"])).stdout);
  expect(status.present).toBeGreaterThan(0);
  expect(status.remaining).toBeGreaterThan(0);
  const { code, stdout } = await sweep(["worker"], { env: environment(results) });
  expect(code).toBe(0);
  expect(JSON.parse(stdout.split("\n")[0] as string)).toMatchObject({
    msg: "started",
    share: TOTAL,
    resumed: status.present,
  });
  expect(digests(results)).toEqual(undisturbed);
});

test("SIGTERM commits the finished part of a block, and a kill costs a second of a long block", async () => {
  const slow = writeEvaluation(
    directory,
    "slow",
    `import { writeSync } from "node:fs";
     import { setTimeout } from "node:timers/promises";
     export async function evaluate(parameter: number) {
       await setTimeout(10);
       if (parameter % 100 === 0) writeSync(2, \`at \${parameter}\\n\`);
       return parameter;
     }`,
  );
  const results = join(directory, "slow-results");
  // One block, which takes twelve seconds.
  const env = environment(results, { evaluation: slow, total: 1_200, batchSize: 1_200 });
  const presentAfter = async (signal: NodeJS.Signals, parameter: number) => {
    const { child, finished, output } = startSweep(["worker"], { env });
    await until(() => output().includes(`at ${parameter}\n`));
    child.kill(signal);
    await finished;
    return JSON.parse((await sweep(["status", results, "--json"])).stdout).present;
  };
  const killed = await presentAfter("SIGKILL", 300);
  expect(killed).toBeGreaterThan(50);
  const terminated = await presentAfter("SIGTERM", 700);
  expect(terminated).toBeGreaterThan(700);
  const rest = await sweep(["worker"], { env });
  expect(rest.code).toBe(0);
  expect(JSON.parse(rest.stdout.split("\n")[0] as string)).toMatchObject({ resumed: terminated });
  expect(readColumn(results)).toEqual(Float64Array.from({ length: 1_200 }, (_, parameter) => parameter));
});

test("SIGTERM ends a worker at once while the evaluation is in an endless loop", async () => {
  const stuck = writeEvaluation(
    directory,
    "stuck",
    `import { writeSync } from "node:fs";
     export function evaluate(parameter: number): number {
       if (parameter === 5_000) for (writeSync(2, "stuck\\n"); ; );
       return parameter;
     }`,
  );
  const results = join(directory, "stuck");
  const { child, finished, output } = startSweep(["worker"], {
    // With a grace it would wait for the parameter: test/worker/stop.long.test.ts.
    // Without a timeout nothing else would end it, either.
    env: { ...environment(results, { evaluation: stuck }), STOP_GRACE_SECONDS: "0", EVALUATION_TIMEOUT_SECONDS: "0" },
  });
  await until(() => output().includes("stuck"));
  child.kill("SIGTERM");
  // `npm run bench` measures how soon.
  const { code } = await finished;
  expect(code).toBe(143);
});

test("Ctrl-C on `sweep run` stops all workers, exits with 130, and the same command resumes with other workers", async () => {
  const results = join(directory, "interrupted");
  const args = ["run", EVALUATION, "--total", String(TOTAL), "--batch-size", "2000", "--results", results];
  const { child, finished } = startSweep([...args, "--workers", "2"]);
  await until(() => hasBlocks(results));
  child.kill("SIGINT");
  const stopped = await finished;
  expect(stopped.code).toBe(130);
  expect(stopped.stdout).toMatch(/Stopped: [\d,]+ of 200,000 parameters are committed; the same command resumes\.\n$/);
  const { present } = JSON.parse((await sweep(["status", results, "--json"])).stdout);
  const resumed = await sweep([...args, "--workers", "3", "--partition", "contiguous"]);
  expect(resumed.code).toBe(0);
  expect(present).toBeGreaterThan(0);
  expect(resumed.stdout).toContain(`Resuming: ${present.toLocaleString("en")} parameters are committed already.`);
  expect(resumed.stdout).toContain(`Computed: ${(TOTAL - present).toLocaleString("en")} in `);
  expect(digests(results)).toEqual(undisturbed);
});

onLinux("workers end, with everything flushed, when `sweep run` is killed", async () => {
  const results = join(directory, "orphaned");
  const args = [
    "run",
    EVALUATION,
    "--total",
    "5000000",
    "--batch-size",
    "2000",
    "--results",
    results,
    "--workers",
    "2",
  ];
  const { child, finished } = startSweep(args);
  let started: number[] = [];
  await until(() => {
    started = descendantsOf(child.pid as number);
    return started.length >= 4;
  });
  await pause(500);
  child.kill("SIGKILL");
  await finished;
  await until(() => !started.some(isAlive));
});

test("Ctrl-C ends a summarize that does not return", async () => {
  const summarizing = join(directory, "summarizing");
  const path = writeEvaluation(
    directory,
    "endless-summary",
    `import { writeFileSync } from "node:fs";
     export const evaluate = (parameter: number) => parameter;
     export function summarize() { for (writeFileSync(${JSON.stringify(summarizing)}, ""); ; ); }`,
  );
  const { child, finished } = startSweep([
    "run",
    path,
    "--total",
    "10",
    "--results",
    join(directory, "endless-summary"),
  ]);
  await until(() => existsSync(summarizing));
  child.kill("SIGINT");
  expect(await finished).toMatchObject({ code: null, signal: "SIGINT", stderr: "" });
  expect(readReceipt(join(directory, "endless-summary")).present).toBe(10);
});

test("another identity is refused with its differences, and other settings are accepted", async () => {
  const results = join(directory, "undisturbed");
  const refused = await sweep(["worker"], { env: { ...environment(results, { batchSize: 1_000 }), SEED: "7" } });
  expect(refused.code).toBe(42);
  expect(JSON.parse(refused.stdout).msg).toBe(
    `file:${results} holds the results of another run: batchSize is 2000 there and 1000 here; seed is 0 there and 7 here. ` +
      "Use another place for the results, or the same settings",
  );
  const accepted = await sweep(["worker"], {
    env: { ...environment(results, { workers: 5, worker: 4 }), PARTITION: "contiguous" },
  });
  expect(accepted.code).toBe(0);
  expect(JSON.parse(accepted.stdout.split("\n")[0] as string)).toMatchObject({ share: 40_000, resumed: 40_000 });
});

test("an edited evaluation is another run", async () => {
  const path = writeEvaluation(directory, "edited", "export const evaluate = () => 1;");
  const results = join(directory, "edited-results");
  expect((await sweep(["run", path, "--total", "10", "--results", results])).code).toBe(0);
  writeEvaluation(directory, "edited", "export const evaluate = () => 2;");
  const { code, stderr } = await sweep(["run", path, "--total", "10", "--results", results]);
  expect(code).toBe(42);
  expect(stderr).toMatch(/evaluationSha256 is "[0-9a-f]{64}" there and "[0-9a-f]{64}" here/);
  expect([...readColumn(results)]).toEqual(new Array(10).fill(1));
});
