import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readProgress } from "sweep-worker";
import {
  readColumn,
  readFailures,
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

/** Runs an evaluation in one worker, over 400 parameters in blocks of 50. */
async function run(name: string, source: string, options: readonly string[] = []) {
  const results = join(directory, `${name}-results`);
  const path = writeEvaluation(directory, name, source);
  const fixed = ["--total", "400", "--batch-size", "50", "--workers", "1", "--results", results];
  return { results, ...(await sweep(["run", path, ...fixed, ...options], { cwd: directory })) };
}

/** Waits until `most` calls wait, and lets all of them go: with fewer in flight it would wait for ever. Its results are the numbers of calls. */
const GATE = `
  let inFlight = 0;
  let waiting: (() => void)[] = [];
  const gate = async (most: number): Promise<number> => {
    const number = ++inFlight;
    await new Promise<void>((go) => {
      waiting.push(go);
      if (waiting.length < most) return;
      for (const one of waiting) setImmediate(one);
      waiting = [];
    });
    inFlight--;
    return number;
  };`;

describe("parameters in flight", () => {
  test.each([
    ["those of the module, across blocks", "export const concurrency = 80;", [], 80],
    ["those of the setting, which wins", "export const concurrency = 2;", ["--concurrency", "100"], 100],
    ["one, by default", "", [], 1],
  ])("%s", async (name, exported, options, most) => {
    const source = `${GATE} ${exported} export const evaluate = () => gate(${most});`;
    const { code, results } = await run(name.replace(/\W+/g, "-"), source, options);
    expect(code).toBe(0);
    expect(Math.max(...readColumn(results))).toBe(most);
  });
});

test("bytes do not depend on the number in flight, nor on the order in which promises resolve", async () => {
  // Draws before and after a wait whose length differs for every parameter: with one generator for all, draws would mix.
  const source = `export const columns = ["sum", "own"];
    export async function evaluate(parameter: number, context: { random(): number; parameter: number }) {
      const first = context.random();
      for (let turn = (parameter * 7919) % 13; turn > 0; turn--) await new Promise((go) => setImmediate(go));
      if (parameter % 100 === 99) throw new Error("bad");
      return { sum: first + 2 * context.random(), own: context.parameter };
    }`;
  const one = await run("order", source, ["--concurrency", "1"]);
  const many = await run("order", source, ["--concurrency", "64", "--results", join(directory, "order-64")]);
  expect([one.code, many.code]).toEqual([0, 0]);
  // The concurrency is no part of the identity, so that a run may go on with another one.
  for (const file of ["run.json", "columns/sum.f64", "columns/own.f64", "failures.jsonl"]) {
    expect(sha256(join(directory, "order-64", file))).toBe(sha256(join(one.results, file)));
  }
  expect(readFailures(one.results).map(({ parameter }) => parameter)).toEqual([99, 199, 299, 399]);
});

describe.each([1, 8])("with %i in flight", (concurrency) => {
  const options = ["--concurrency", String(concurrency), "--timeout", "0.5"];

  test("a promise that never settles costs its parameter one timeout, aborts its signal, and ends no process", async () => {
    const source = `
      export async function evaluate(parameter: number, context: { signal: AbortSignal; random(): number }) {
        const { signal } = context;
        if (parameter === 0) console.error("started in", process.pid);
        if (parameter === 30) {
          // Code that goes on draws from its own numbers.
          signal.onabort = () => { console.error("aborted by", signal.reason.name, "in", process.pid); context.random(); };
          return new Promise(() => {});
        }
        await null;
        if (signal.aborted) throw new Error("the signal of another parameter");
        return context.random();
      }`;
    const { code, results, stderr } = await run(`never-settles-${concurrency}`, source, options);
    expect(code).toBe(0);
    expect(readFailures(results)).toEqual([
      { parameter: 30, kind: "timeout", error: "did not return within 0.5 s (--timeout)" },
    ]);
    const pid = /started in (\d+)/.exec(stderr)?.[1];
    expect(stderr).toContain(`aborted by TimeoutError in ${pid}\n`);
  });

  test.each([
    ["exits", "process.exit(3)", "exited", "the evaluation ended its process with exit code 3"],
    ["loops", "for (;;);", "timeout", "did not return within 0.5 s (--timeout)"],
    [
      "is-killed",
      'process.kill(process.pid, "SIGKILL"); for (;;);',
      "killed",
      "the evaluation was ended by SIGKILL, as the kernel does when memory runs out",
    ],
  ])("a parameter that %s after a wait costs one parameter", async (name, does, kind, error) => {
    const source = `export async function evaluate(parameter: number) {
      await new Promise((go) => setTimeout(go, 2));
      if (parameter === 130) { ${does} }
      return parameter / 2;
    }`;
    const { code, results } = await run(`${name}-${concurrency}`, source, options);
    expect(code).toBe(0);
    expect(readFailures(results)).toEqual([{ parameter: 130, kind, error }]);
    expect(readReceipt(results)).toMatchObject({ present: 399, failed: 1 });
  });
});

test("after a crash only the parameters in flight are evaluated alone", async () => {
  const source = `import { appendFileSync } from "node:fs";
    export async function evaluate(parameter: number) {
      appendFileSync(${JSON.stringify(join(directory, "starts.txt"))}, \`\${parameter}\\n\`);
      await new Promise((go) => setTimeout(go, 2));
      if (parameter === 130) process.exit(3);
      return parameter;
    }`;
  const { code, results, stderr } = await run("few-alone", source, ["--concurrency", "8"]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(readReceipt(results)).toMatchObject({ present: 399, failed: 1 });
  const starts = readFileSync(join(directory, "starts.txt"), "utf8").trimEnd().split("\n");
  // Once in flight, and once alone: nobody else meets it.
  expect(starts.filter((start) => start === "130")).toHaveLength(2);
});

test("a stop aborts what is in flight, leaves it out, and keeps everything finished, also behind a gap", async () => {
  // The first parameter waits until its signal is aborted; its answer then comes too late to count.
  const source = `export const concurrency = 4;
    export const evaluate = (parameter: number, { signal }: { signal: AbortSignal }) =>
      parameter === 0 && process.env.WAITS
        ? new Promise((go) => { signal.onabort = () => { console.error("aborted by", signal.reason.name); go(-1); }; })
        : new Promise((go) => { if (parameter === 120 && process.env.WAITS) console.error("far enough"); else setTimeout(go, 1, parameter); });`;
  const path = writeEvaluation(directory, "stops", source);
  const results = join(directory, "stops-results");
  const environment = workerEnvironment({ evaluation: path, total: 400, results, batchSize: 200 });
  const first = startSweep(["worker"], { env: { ...environment, WAITS: "1", STOP_GRACE_SECONDS: "0" } });
  await until(() => first.output().includes("far enough") || first.child.exitCode !== null);
  first.child.kill("SIGTERM");
  const { code, stderr } = await first.finished;
  expect({ code, stderr }).toEqual({ code: 143, stderr: expect.stringContaining("aborted by AbortError\n") });
  const { present } = await readProgress(`file:${results}`);
  expect(present).toBeGreaterThanOrEqual(115);
  const second = await sweep(["worker"], { env: environment });
  expect(second.code).toBe(0);
  expect(second.stdout).toContain(`"resumed":${present},`);
  expect(readColumn(results)).toEqual(Float64Array.from({ length: 400 }, (_, parameter) => parameter));
});

test.each([
  [
    "evaluateBlock",
    "export const evaluateBlock = () => {};",
    ["--concurrency", "8"],
    "concurrency must be 1 for a module that exports evaluateBlock, got 8: export evaluate, or wait for several parameters at a time inside evaluateBlock",
  ],
  [
    "its-export",
    'export const concurrency = "8"; export const evaluate = () => 1;',
    [],
    'concurrency must be a whole number from 1 to 10,000, got "8": export for example concurrency = 64',
  ],
  [
    "setting",
    "export const evaluate = () => 1;",
    ["--concurrency", "0"],
    "--concurrency must be a whole number from 1 to 10,000, got 0: use for example 64",
  ],
])("a wrong concurrency of %s is refused with 42", async (name, source, options, message) => {
  const { code, stderr } = await run(`wrong-${name}`, source, options);
  expect({ code, stderr }).toEqual({ code: 42, stderr: `error: ${message}\n` });
});
