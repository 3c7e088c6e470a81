import { execFile, execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { FakeS3 } from "../support/fake-s3.ts";
import {
  readColumn,
  readFailures,
  SWEEP,
  startSweep,
  sweep,
  temporaryDirectory,
  workerEnvironment,
  writeEvaluation,
} from "../support/sweep.ts";
import { until } from "../support/until.ts";

/** Regressions that a reviewer found in the first hour with the worker. */

const directory = temporaryDirectory();
const PLAIN = writeEvaluation(directory, "plain", "export const evaluate = (parameter: number) => parameter;");

test("the smallest blocks do not stall, even without a timeout that would rescue them", async () => {
  const args = ["run", PLAIN, "--total", "20000", "--batch-size", "1", "--timeout", "0", "--workers", "2"];
  const { code } = await sweep([...args, "--results", join(directory, "tiny")]);
  expect(code).toBe(0);
});

test("cheap parameters before an expensive one are committed when the worker is stopped", async () => {
  const jump = writeEvaluation(
    directory,
    "jump",
    `import { writeSync } from "node:fs";
     export function evaluate(parameter: number) {
       if (parameter === 60_000) writeSync(2, "expensive\\n");
       const until = performance.now() + (parameter < 60_000 ? 0 : 20);
       while (performance.now() < until);
       return parameter;
     }`,
  );
  const results = join(directory, "jump-results");
  const env = workerEnvironment({ evaluation: jump, total: 100_000, batchSize: 100_000, results });
  const { child, finished, output } = startSweep(["worker"], { env });
  await until(() => output().includes("expensive"));
  child.kill("SIGTERM");
  expect((await finished).code).toBe(143);
  expect(JSON.parse((await sweep(["status", results, "--json"])).stdout).present).toBeGreaterThanOrEqual(60_000);
});

test("evaluateBlock is called for parts of a large block, which are committed when the worker is stopped", async () => {
  const vector = writeEvaluation(
    directory,
    "vector",
    `import { existsSync, writeSync } from "node:fs";
     const gate = process.env.GATE;
     export function evaluateBlock(start: number, count: number, out: Float64Array, context: { randomOf(parameter: number): () => number }) {
       if (gate !== undefined && start >= 1_000 && !existsSync(gate)) {
         writeSync(2, "far enough\\n");
         while (!existsSync(gate));
       }
       for (let i = 0; i < count; i++) out[i] = context.randomOf(start + i)();
     }`,
  );
  const scalar = writeEvaluation(
    directory,
    "scalar",
    "export const evaluate = (_: number, context: { random(): number }) => context.random();",
  );
  const results = join(directory, "vector-results");
  const env = workerEnvironment({ evaluation: vector, total: 4_000, batchSize: 4_000, results });
  const gate = join(directory, "vector-gate");
  const { child, finished, output } = startSweep(["worker"], { env: { ...env, SIMULATE_WORK_MS: "1", GATE: gate } });
  await until(() => output().includes("far enough"));
  child.kill("SIGTERM");
  writeFileSync(gate, "");
  expect((await finished).code).toBe(143);
  const { present, remaining } = JSON.parse((await sweep(["status", results, "--json"])).stdout);
  expect(present).toBeGreaterThanOrEqual(1_000);
  expect(remaining).toBeGreaterThan(0);
  expect((await sweep(["worker"], { env })).code).toBe(0);
  // Random numbers belong to the parameter, wherever the calls began.
  const scalarResults = join(directory, "scalar-results");
  const plain = workerEnvironment({ evaluation: scalar, total: 4_000, batchSize: 4_000, results: scalarResults });
  expect((await sweep(["worker"], { env: plain })).code).toBe(0);
  expect(readColumn(results)).toEqual(readColumn(scalarResults));
});

test("Ctrl-C ends a run at every moment", async () => {
  for (const milliseconds of [150, 220, 290, 360, 450, 600]) {
    const results = join(directory, `early-${milliseconds}`);
    const slow = ["--simulate-work-ms", "100", "--workers", "1", "--results", results];
    const { child, finished } = startSweep(["run", PLAIN, "--total", "20000", ...slow]);
    await pause(milliseconds);
    child.kill("SIGINT");
    const { code, signal } = await finished;
    // Before our first line of code the system ends the process.
    expect(code ?? signal).toBe(signal === null ? 130 : "SIGINT");
  }
});

test("SIGTERM ends a worker while the bucket does not answer", async () => {
  const s3 = await FakeS3.start();
  s3.fault = () => "silence";
  // A worker that waited for the bucket would hang.
  const settings = { ...s3.environment, S3_REQUEST_TIMEOUT_MS: "3600000" };
  const env = { ...workerEnvironment({ evaluation: PLAIN, total: 100, results: "s3://bucket/x" }), ...settings };
  const { child, finished } = startSweep(["worker"], { env });
  await until(() => s3.requests.length > 0);
  child.kill("SIGTERM");
  expect((await finished).code).toBe(143);
  await s3.stop();
});

test("a program left behind by an evaluation, which holds its output open, does not delay the worker", async () => {
  const pidFile = join(directory, "left-behind.pid");
  const leaves = writeEvaluation(
    directory,
    "leaves",
    `import { spawn } from "node:child_process";
     import { writeFileSync } from "node:fs";
     export function evaluate(parameter: number) {
       if (parameter === 500) {
         const program = spawn("sleep", ["600"], { detached: true, stdio: "inherit" });
         program.unref();
         writeFileSync(${JSON.stringify(pidFile)}, String(program.pid));
         process.exit(3);
       }
       return parameter;
     }`,
  );
  const results = join(directory, "leaves-results");
  const { code } = await sweep(["run", leaves, "--total", "1000", "--workers", "1", "--results", results]);
  expect(code).toBe(0);
  // It throws unless the program is still there, so that nobody has waited for its end.
  process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
  expect(readFailures(results).map(({ parameter }) => parameter)).toEqual([500]);
});

test("a program that ends after its answers costs no parameter", async () => {
  const results = join(directory, "one-results");
  const answer = `let text = ""; process.stdin.on("data", (chunk) => { text += chunk; if (text.includes("\\n")) { console.log(1); process.exit(); } });`;
  const command = ["run", "--command", `node -e '${answer}'`, "--total", "10", "--workers", "1"];
  // On a busy machine Node.js alone may take longer to start than a parameter may take.
  const args = [...command, "--timeout", "0", "--results", results];
  const { code, stdout } = await sweep(args);
  expect(code).toBe(0);
  expect(stdout).toContain("Failed: 0\n");
});

test("the results of a program are not replayed with another evaluation", async () => {
  const results = join(directory, "program-results");
  const ends = `node -e 'require("readline").createInterface(process.stdin).on("line", () => console.log(7))'`;
  expect((await sweep(["run", "--command", ends, "--total", "10", "--results", results])).code).toBe(0);
  const { code, stderr } = await sweep(["replay", "5", "--results", results]);
  expect(code).toBe(42);
  expect(stderr).toContain(
    `error: a program computed file:${results}, and results do not keep programs: give its --command\n`,
  );
  expect(await sweep(["replay", "5", "--results", results, "--command", ends])).toMatchObject({
    code: 0,
    stdout: "7\n",
  });
  expect((await sweep(["replay", "10", "--results", results])).stderr).toBe(
    `error: parameter must be a whole number below 10, the total of file:${results}, got 10: name a parameter of the sweep\n`,
  );
  expect((await sweep(["run", PLAIN, "--command", ends])).stderr).toContain(
    "left out beside --command (EVALUATION_COMMAND), got ",
  );
});

test("names that would collide in exports and answers cannot be columns", async () => {
  for (const columns of ['["parameter"]', '["Steps", "steps"]', '["error"]']) {
    const path = writeEvaluation(
      directory,
      "reserved",
      `export const columns = ${columns}; export const evaluate = () => ({});`,
    );
    const { code, stderr } = await sweep(["run", path, "--total", "1"]);
    expect(code).toBe(42);
    expect(stderr).toContain("columns must be a list of different names");
  }
});

test("the reader of a pipe may stop early", async () => {
  const results = join(directory, "piped");
  expect((await sweep(["run", PLAIN, "--total", "200000", "--results", results])).code).toBe(0);
  const { stdout, stderr } = spawnSync("sh", [
    "-c",
    `"$0" "$1" export "$2" --format csv --output - | head -2`,
    process.execPath,
    SWEEP,
    results,
  ]);
  expect(stdout.toString()).toBe("parameter,value\n0,0\n");
  expect(stderr.toString()).toBe("");
});

test("a missing directory for temporary files is named", async () => {
  const { code, stderr } = await sweep(["run", PLAIN, "--total", "10"], {
    env: { TMPDIR: join(directory, "nowhere") },
  });
  expect(code).not.toBe(0);
  expect(stderr).toContain("see TMPDIR");
  expect(stderr).not.toContain("    at ");
});

test("programs that start at the same time in a fresh clone build once", async () => {
  const root = resolve(__dirname, "../..");
  const clone = join(directory, "clone");
  mkdirSync(clone);
  cpSync(join(root, "worker"), join(clone, "worker"), { recursive: true, filter: (path) => !/worker.dist/.test(path) });
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
  const program = join(clone, "worker", "bin", "sweep.mjs");
  const runs = [1, 2, 3].map(
    () =>
      new Promise<string>((done) => {
        const child = execFile(process.execPath, [program, "--help"], (error, out) =>
          done(error === null ? out : String(error)),
        );
        child.stdin?.end();
      }),
  );
  for (const output of await Promise.all(runs)) expect(output).toMatch(/^Usage: sweep/);
  expect(readdirSync(join(clone, "worker")).filter((name) => name.startsWith("dist"))).toEqual(["dist"]);
});

function hasScript(): boolean {
  try {
    execFileSync("script", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

// util-linux's `script` is the terminal; other systems have another program of that name.
(hasScript() && existsSync("/dev/ptmx") ? test : test.skip)("a terminal shows why a run stopped, above the bar", () => {
  const throws = writeEvaluation(directory, "throws", 'export function evaluate() { throw new Error("never works"); }');
  const command = `"${process.execPath}" "${SWEEP}" run "${throws}" --total 200000 --max-failures 3 --workers 1 --results "${join(directory, "terminal")}"`;
  const { stdout } = spawnSync("script", ["--quiet", "--return", "--command", command, "/dev/null"], { input: "" });
  expect(stdout.toString()).toContain("parameter 0 failed: Error: never works");
  expect(stdout.toString()).toContain(
    "[WORKER 0] more than 3 parameters failed, the limit of maxFailures (--max-failures, MAX_FAILURES); the last was 9999: Error: never works",
  );
});
