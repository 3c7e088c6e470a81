import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FakeS3 } from "../support/fake-s3.ts";
import { childrenOf } from "../support/processes.ts";
import {
  type Finished,
  readColumn,
  SWEEP,
  startProgram,
  startSweep,
  sweep,
  temporaryDirectory,
  workerEnvironment,
  writeEvaluation,
} from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();

/** Twenty quick parameters, then one that takes two seconds without a pause, then quick ones. The marker tells that it has begun. */
const slowAt20 = (name: string, seconds: number) =>
  writeEvaluation(
    directory,
    name,
    `import { writeSync } from "node:fs";
     export function evaluate(parameter: number): number {
       const takes = parameter === 20 ? ${seconds * 1000} : 10;
       if (parameter === 20) writeSync(2, "slow one\\n");
       for (const until = performance.now() + takes; performance.now() < until; );
       return 2 * parameter;
     }`,
  );
const SLOW = slowAt20("slow", 2);
const ENDLESS = slowAt20("endless", 3600);

const lastLine = ({ stdout }: Finished) => JSON.parse(stdout.trimEnd().split("\n").at(-1) as string);
const statusOf = async (results: string, env: Record<string, string> = {}) =>
  JSON.parse((await sweep(["status", results, "--json"], { env })).stdout);

/** Starts a worker, and sends SIGTERM while parameter 20 is in work. */
async function stopInParameter20(env: Record<string, string>): Promise<Finished> {
  const { child, finished, output } = startSweep(["worker"], { env });
  await until(() => output().includes("slow one"));
  child.kill("SIGTERM");
  return finished;
}

test("after SIGTERM the evaluation finishes the parameter in work, and everything finished is committed", async () => {
  const results = join(directory, "finishes");
  const env = workerEnvironment({ evaluation: SLOW, total: 100, results });
  const stopped = await stopInParameter20(env);
  expect(stopped.code).toBe(143);
  const { present, remaining } = await statusOf(results);
  // Also the parameters of the part of the block that was not committed yet.
  expect(present).toBeGreaterThanOrEqual(21);
  expect(readColumn(results)[20]).toBe(40);
  expect(lastLine(stopped)).toMatchObject({
    msg: `stopped with ${remaining} parameters of the share left: everything finished is committed`,
    committed: present,
    remaining,
  });
});

test("the same in a bucket, where the block of the last ten seconds was not stored yet", async () => {
  const s3 = await FakeS3.start();
  const results = "s3://bucket/stopped";
  const env = { ...workerEnvironment({ evaluation: SLOW, total: 100, results }), ...s3.environment };
  const stopped = await stopInParameter20(env);
  expect(stopped.code).toBe(143);
  const { present } = await statusOf(results, s3.environment);
  expect(present).toBeGreaterThanOrEqual(21);
  await s3.stop();
});

test("a parameter that takes longer than the grace is left out, and the log says how much is lost with it", async () => {
  const results = join(directory, "takes-longer");
  const env = { ...workerEnvironment({ evaluation: ENDLESS, total: 100, results }), STOP_GRACE_SECONDS: "0.3" };
  const stopped = await stopInParameter20(env);
  expect(stopped.code).toBe(143);
  const { present, remaining } = await statusOf(results);
  const { msg, discarded, committed } = lastLine(stopped);
  expect(committed).toBe(present);
  expect(discarded).toBeGreaterThan(0);
  expect(present + discarded).toBeLessThanOrEqual(20);
  expect(remaining).toBe(100 - present);
  expect(msg).toBe(
    `stopped with ${remaining} parameters of the share left: the parameter in work did not end in time ` +
      `(--stop-grace, STOP_GRACE_SECONDS), and about ${discarded} finished ${discarded === 1 ? "one of its block is" : "ones of its block are"} not committed`,
  );
});

test("a parameter that is run by itself, after a crash in its block, is finished as well", async () => {
  const source = `import { writeSync } from "node:fs";
    export function evaluate(parameter: number): number {
      if (parameter === 5) process.exit(1);
      const takes = parameter === 20 ? 1_000 : 1;
      if (parameter === 20) writeSync(2, "slow one\\n");
      for (const until = performance.now() + takes; performance.now() < until; );
      return 2 * parameter;
    }`;
  const results = join(directory, "alone");
  const evaluation = writeEvaluation(directory, "alone", source);
  const stopped = await stopInParameter20(workerEnvironment({ evaluation, total: 50, results }));
  expect(stopped.code).toBe(143);
  expect(await statusOf(results)).toMatchObject({ present: 20, failed: 1, remaining: 29 });
});

test("`sweep run` stops at once, and with --stop-grace a second Ctrl-C ends the grace", async () => {
  const args = ["run", ENDLESS, "--total", "100", "--workers", "1", "--results", join(directory, "run")];
  for (const { options, signals } of [
    { options: [], signals: 1 },
    { options: ["--stop-grace", "50"], signals: 2 },
  ]) {
    const { child, finished, output } = startSweep([...args, ...options]);
    await until(() => output().includes("slow one"));
    child.kill("SIGINT");
    if (signals === 2) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(child.exitCode).toBeNull();
      child.kill("SIGINT");
    }
    expect((await finished).code).toBe(130);
  }
});

/** A preload that makes the load of the worker's modules slow, and tells when it begins. */
const SLOW_LOAD = join(directory, "slow-load.mjs");
writeFileSync(
  SLOW_LOAD,
  `import { register } from "node:module";
   register("data:text/javascript," + encodeURIComponent(\`import { writeSync } from "node:fs";
     export async function load(url, context, next) {
       if (/chunk-/.test(url)) { writeSync(2, "loading\\\\n"); await new Promise((loaded) => setTimeout(loaded, 1000)); }
       return next(url, context);
     }\`));`,
);

/** The first process below `pid` that has none below it. */
function leafOf(pid: number): number {
  const [child] = childrenOf(pid);
  return child === undefined ? pid : leafOf(child);
}

const asProcessOne = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"];

test("SIGTERM to process 1 while its modules load ends it with 143", async () => {
  const probe = await startProgram([...asProcessOne, "true"]).finished.catch(() => undefined);
  // Some containers do not allow it.
  if (process.platform !== "linux" || probe?.code !== 0) return;
  const program = SWEEP.replace("bin/sweep.mjs", "dist/cli.mjs");
  const { child, finished, output } = startProgram([...asProcessOne, process.execPath, program, "worker"], {
    env: {
      ...workerEnvironment({ evaluation: SLOW, total: 10, results: join(directory, "never") }),
      NODE_OPTIONS: `--import ${SLOW_LOAD}`,
    },
  });
  await until(() => output().includes("loading"));
  process.kill(leafOf(child.pid as number), "SIGTERM");
  const { code, stdout } = await finished;
  expect({ code, stdout }).toEqual({ code: 143, stdout: "" });
});

test("Ctrl-C ends a replay whose evaluation does not return", async () => {
  const { child, finished, output } = startSweep(["replay", "20", ENDLESS]);
  await until(() => output().includes("slow one"));
  child.kill("SIGINT");
  expect(await finished).toMatchObject({ code: null, signal: "SIGINT" });
});
