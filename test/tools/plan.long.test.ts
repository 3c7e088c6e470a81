import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { startSweep, sweep, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";
import { planned, writeCompute } from "../support/sweep-plan.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const COMPUTE = writeCompute(directory);

describe("the cost of a parameter", () => {
  /** Runs a command with COMPUTE. @returns the CPU seconds that it has counted for a parameter. */
  async function usedBy(args: readonly string[]) {
    const file = join(directory, `used-${args[0]}`);
    const { code, stdout, stderr } = await sweep(args, { env: { USED_FILE: file } });
    if (code !== 0) throw new Error(stderr);
    return { stdout, used: Number(readFileSync(file, "utf8")) };
  }

  // CPU time is compared with CPU time: a busy machine has a part in neither.
  test("is its CPU time, on a machine with twice as many other programs as cores, and a warning says so", async () => {
    const others = Array.from({ length: 2 * availableParallelism() }, () =>
      spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }),
    );
    try {
      const { stdout, used } = await usedBy(["plan", COMPUTE, "--total", "1000000", "--seconds", "5", "--json"]);
      const { measurement } = JSON.parse(stdout);
      expect(measurement.secondsPerParameter / used).toBeGreaterThan(0.7);
      expect(measurement.secondsPerParameter / used).toBeLessThan(1.4);
      expect(measurement.waitingShare).toBeLessThan(0.1);
      const text = await sweep(["plan", COMPUTE, "--total", "1000000", "--seconds", "1"]);
      expect(text.stdout).toMatch(
        /^Warning: this machine is busy, and a program gets \d+ % of the CPU that it asks for/m,
      );
    } finally {
      for (const other of others) other.kill("SIGKILL");
    }
  });

  test("is what a run uses", async () => {
    const planning = await usedBy(["plan", COMPUTE, "--total", "20000", "--seconds", "2", "--json"]);
    const running = await usedBy([
      "run",
      COMPUTE,
      "--total",
      "20000",
      "--workers",
      "1",
      "--results",
      join(directory, "run"),
    ]);
    const { secondsPerParameter } = JSON.parse(planning.stdout).measurement;
    // Other programs on the same core, as a hyperthread, may change one of the two.
    expect(secondsPerParameter / running.used).toBeGreaterThan(0.5);
    expect(secondsPerParameter / running.used).toBeLessThan(2);
  });

  test("does not have the price of a slow first evaluation, which each worker pays once", async () => {
    const cached = writeEvaluation(
      directory,
      "cached",
      `let table: number[] | undefined;
function compute(rounds: number) {
  let state = 1;
  for (let round = 0; round < rounds; round++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}
export function evaluate(parameter: number) {
  table ??= [compute(300_000_000)];
  return compute(10_000) + table[0];
}
`,
    );
    const { measurement, thisMachine } = await planned([cached, "--total", "10000000", "--seconds", "3"]);
    // 30,000 times the computing of a later one. It would be 290 times too much for all, if it counted for each.
    expect(measurement.warmUpSeconds).toBeGreaterThan(1000 * measurement.secondsPerParameter);
    expect(measurement.confidence.most).toBeLessThan(2 * measurement.secondsPerParameter);
    const { workers, seconds } = thisMachine;
    expect(seconds).toBeCloseTo((1e7 / workers) * measurement.secondsPerParameter + measurement.warmUpSeconds, 6);
  });

  test("rehearsed slowness counts", async () => {
    const { measurement } = await planned(["collatz", "--total", "1000", "--seconds", "1", "--simulate-work-ms", "10"]);
    expect(measurement.secondsPerParameter).toBeGreaterThan(0.0099);
  });

  test("a cheap function does not look expensive because of the cost of measuring", async () => {
    const cheap = writeEvaluation(directory, "cheap", "export const evaluate = (parameter: number) => 2 * parameter;");
    const { measurement } = await planned([cheap, "--total", "100000000", "--seconds", "1.5"]);
    const { measurement: computing } = await planned([COMPUTE, "--total", "100000000", "--seconds", "1.5"]);
    // Two operations, against a hundred thousand rounds.
    expect(measurement.secondsPerParameter).toBeLessThan(computing.secondsPerParameter / 100);
  });
});

test("a cost that grows with the parameter is found all over the range, and so is its spread", async () => {
  // Parameter p computes p / 10,000 of 600,000 rounds: half on average, a fifth of that at the first tenth.
  const ramp = writeEvaluation(
    directory,
    "ramp",
    `export function evaluate(parameter: number) {
  let state = 1;
  for (let round = 0; round < 60 * parameter; round++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}
`,
  );
  const { measurement } = await planned([ramp, "--total", "10000", "--seconds", "3"]);
  const { secondsPerParameter, confidence, spread } = measurement;
  // Nine to one on a quiet machine.
  expect(spread.most).toBeGreaterThan(2 * spread.least);
  expect(spread.most).toBeGreaterThan(secondsPerParameter);
  expect(spread.least).toBeLessThan(secondsPerParameter);
  // The middle of the range has the mean cost.
  expect(confidence.least).toBeLessThan((spread.least + spread.most) / 2);
  expect(confidence.most).toBeGreaterThan((spread.least + spread.most) / 2);
});

test("of a range that is evaluated sooner than the time is up, no more parameters than there are", async () => {
  const odd = writeEvaluation(
    directory,
    "odd",
    'export function evaluate(parameter: number) { if (parameter % 2 === 1) throw new Error("odd"); return parameter; }',
  );
  const args = ["plan", odd, "--total", "3000", "--seconds", "5"];
  const { stdout } = await sweep(args);
  const [, parameters = ""] =
    /^odd: ([\d,]+) of 3,000 parameters evaluated in .* m?s, some more than once, in /.exec(stdout) ?? [];
  expect(Number(parameters.replace(",", ""))).toBeGreaterThan(1000);
  expect(Number(parameters.replace(",", ""))).toBeLessThanOrEqual(3000);
  const { measurement } = await planned(args.slice(1));
  expect(measurement.parameters).toBeLessThanOrEqual(3000);
  expect(measurement.evaluations).toBeGreaterThanOrEqual(3000);
  expect(measurement.failed / measurement.parameters).toBeCloseTo(0.5, 1);
});

describe("an evaluation that fails", () => {
  test("is measured all the same, and the failures are counted by kind", async () => {
    const failing = writeEvaluation(
      directory,
      "failing",
      `export function evaluate(parameter: number) {
  if (parameter % 4 === 1) throw new Error("one in four");
  return parameter;
}
`,
    );
    const { code, stdout } = await sweep(["plan", failing, "--total", "1000000", "--seconds", "1"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Failed: 2[45](\.\d)? % \(threw [\d,]+\)$/m);
    expect(stdout).toMatch(/^ {2}parameter \d+: Error: one in four$/m);
    expect(stdout).toMatch(
      /^ {2}that would be 2[45]\d,\d{3} in the whole sweep: a worker gives up after 10,000 \(maxFailures\)$/m,
    );
  });

  test("by never returning is ended by the timeout, and the rest is measured", async () => {
    const endless = writeEvaluation(
      directory,
      "endless",
      "export function evaluate(parameter: number) { while (parameter < 2); return parameter; }",
    );
    const { measurement } = await planned([endless, "--total", "64", "--seconds", "6", "--timeout", "0.3"]);
    expect(measurement.failedByKind).toEqual({ timeout: expect.any(Number) });
    expect(measurement.parameters).toBeGreaterThan(2 * measurement.failed);
    expect(measurement.slowestSeconds).toBeGreaterThan(0.3);
  });

  test("for hundreds of thousands of parameters in one block is measured all the same", async () => {
    const regions = writeEvaluation(
      directory,
      "regions",
      "export function evaluate(parameter: number) { if (parameter % 1e8 > 97e6) throw 1; return parameter; }",
    );
    const { measurement } = await planned([regions, "--total", "1000000000", "--seconds", "4"]);
    // A call does not take as many arguments.
    expect(measurement.failed).toBeGreaterThan(0);
  });

  test("while it keeps several parameters in flight is measured with all of them, even if each fails", async () => {
    const unavailable = writeEvaluation(
      directory,
      "unavailable",
      `import { setTimeout } from "node:timers/promises";
export const concurrency = 64;
export async function evaluate() {
  await setTimeout(200);
  throw new Error("503");
}
`,
    );
    const { measurement } = await planned([unavailable, "--total", "100000", "--seconds", "4"]);
    expect(measurement.failed).toBe(measurement.parameters);
    // 64 in 0.2 s on a quiet machine; one after the other they would take 0.2 s each.
    expect(measurement.secondsPerParameter).toBeLessThan(0.2 / 8);
  });

  test("by crashing its process does not end the plan", async () => {
    const crashing = writeEvaluation(
      directory,
      "crashing",
      "export function evaluate(parameter: number) { if (parameter === 5) process.exit(3); return parameter; }",
    );
    const { measurement } = await planned([crashing, "--total", "20", "--seconds", "3"]);
    expect(Object.keys(measurement.failedByKind)).toEqual(["exited"]);
    expect(measurement.failures).toEqual([{ parameter: 5, error: expect.stringContaining("exit code 3") }]);
  });
});

test("no parameter finished in time is an error with a fix", async () => {
  const args = ["plan", "collatz", "--total", "10", "--seconds", "0.5", "--simulate-work-ms", "60000"];
  const { code, stdout, stderr } = await sweep(args);
  expect({ code, stdout }).toEqual({ code: 42, stdout: "" });
  expect(stderr).toContain("no parameter was finished in 1 s: give more than --seconds 0.5, or a smaller --timeout");
});

test("a program in another language is measured as a worker would run it, with the caller's environment variables", async () => {
  const program = join(directory, "double.mjs");
  const lines =
    "for await (const line of createInterface({ input: process.stdin })) console.log(2 * JSON.parse(line).parameter);";
  const own = "if (process.env.TSX_TSCONFIG_PATH !== undefined) process.exit(1);";
  writeFileSync(program, `import { createInterface } from "node:readline";\n${own}\n${lines}\n`);
  const { evaluation, measurement } = await planned([
    "--command",
    `node ${program}`,
    "--total",
    "100000",
    "--seconds",
    "1",
  ]);
  expect(evaluation).toBe("double");
  expect(measurement.failed).toBe(0);
  expect(measurement.parameters).toBeGreaterThan(20);
});

test("Ctrl-C prints what was measured until then", async () => {
  const { child, finished, output } = startSweep(["plan", COMPUTE, "--total", "100000", "--seconds", "60"]);
  await until(() => output().includes("sampling"), 50);
  await setTimeout(1500);
  child.kill("SIGINT");
  const { code, stdout } = await finished;
  expect(code).toBe(130);
  expect(stdout).toMatch(/^compute: [\d,]+ of 100,000 parameters evaluated in [12](\.\d+)? s/);
  expect(stdout).toContain("On this machine, sweep run with");
});

test.each([
  [["--seconds", "0"], '--seconds must be a number above 0, got "0": use for example 10'],
  [["--speed", "fast"], '--speed must be a number above 0, got "fast": use for example 1.5'],
  [["--nodes", "1,x"], '--nodes must be whole numbers from 1, separated by commas, got "x": use for example 1,10,50'],
  [["--speed", "2"], '--speed must be used with --environment, got "2": name one of environments.ts'],
  [["--job", "x"], '--job must be used with --environment, got "x": name one of environments.ts'],
  [["--total", "0"], "--total must be 1 or more, got 0: there would be nothing to measure"],
])("plan refuses %j", async (args, message) => {
  const { code, stderr } = await sweep(["plan", "collatz", ...args]);
  expect(code).toBe(42);
  expect(stderr).toContain(message);
});
