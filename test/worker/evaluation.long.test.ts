import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  readColumn,
  readFailures,
  readReceipt,
  sha256,
  sweep,
  temporaryDirectory,
  writeEvaluation,
} from "../support/sweep.ts";

const directory = temporaryDirectory();

/** Runs an evaluation over 1000 parameters in blocks of 100, and returns where its results are. */
async function run(name: string, source: string, options: readonly string[] = [], env: Record<string, string> = {}) {
  const results = join(directory, `${name}-results`);
  const path = writeEvaluation(directory, name, source);
  const args = [
    "run",
    path,
    "--total",
    "1000",
    "--batch-size",
    "100",
    "--workers",
    "2",
    "--results",
    results,
    ...options,
  ];
  return { results, ...(await sweep(args, { env, cwd: directory })) };
}

describe("one bad parameter costs one parameter", () => {
  const BAD = 550;

  test.each([
    { name: "throws", does: 'throw new RangeError("too far")', kind: "threw", error: "RangeError: too far" },
    { name: "throws-text", does: 'throw "text"', kind: "threw", error: "threw text" },
    { name: "rejects", does: 'return Promise.reject(new Error("later"))', kind: "threw", error: "Error: later" },
    { name: "text", does: 'return "12"', kind: "invalid-result", error: 'returned "12"; expected a number' },
    {
      name: "nothing",
      does: "return undefined",
      kind: "invalid-result",
      error: "returned undefined; expected a number",
    },
    { name: "bigint", does: "return 5n", kind: "invalid-result", error: "returned 5n; expected a number" },
    {
      name: "exits",
      does: "process.exit(0)",
      kind: "exited",
      error: "the evaluation ended its process with exit code 0",
    },
    {
      name: "is-killed",
      does: 'process.kill(process.pid, "SIGKILL"); for (;;);',
      kind: "killed",
      error: "the evaluation was ended by SIGKILL, as the kernel does when memory runs out",
    },
    {
      name: "segfaults",
      does: 'process.kill(process.pid, "SIGSEGV"); for (;;);',
      kind: "killed",
      error: "the evaluation was ended by SIGSEGV",
    },
    { name: "loops", does: "for (;;);", kind: "timeout", error: "did not return within 1 s (--timeout)" },
    {
      name: "never-settles",
      does: "return new Promise(() => {})",
      kind: "timeout",
      error: "did not return within 1 s (--timeout)",
    },
    {
      name: "runs-out-of-memory",
      does: "const all: unknown[] = []; for (;;) all.push(new Array(100_000).fill(parameter));",
      kind: "out-of-memory",
      error: "JavaScript's heap was full (raise it with NODE_OPTIONS=--max-old-space-size=<MiB>)",
    },
  ])("when it $name", async ({ name, does, kind, error }) => {
    const source = `export function evaluate(parameter: number): unknown { if (parameter === ${BAD}) { ${does} } return parameter / 2; }`;
    const env = { NODE_OPTIONS: "--max-old-space-size=64" };
    const { code, results, stdout } = await run(name, source, ["--timeout", "1"], env);
    expect(code).toBe(0);
    expect(stdout).toContain(`Failed: 1\n  parameter ${BAD}: `);
    expect(readFailures(results)).toEqual([{ parameter: BAD, kind, error }]);
    expect(readReceipt(results)).toMatchObject({ present: 999, failed: 1 });
    const expected = Float64Array.from({ length: 1000 }, (_, parameter) =>
      parameter === BAD ? Number.NaN : parameter / 2,
    );
    expect(readColumn(results)).toEqual(expected);
  });

  test("when evaluateBlock throws for it", async () => {
    const source = `export function evaluateBlock(start: number, count: number, out: Float64Array) {
      for (let i = 0; i < count; i++) { if (start + i === ${BAD}) throw new Error("no"); out[i] = start + i; }
    }`;
    const { code, results } = await run("vector-throws", source);
    expect(code).toBe(0);
    expect(readFailures(results)).toEqual([{ parameter: BAD, kind: "threw", error: "Error: no" }]);
    expect([...readColumn(results).subarray(BAD - 1, BAD + 2)]).toEqual([BAD - 1, Number.NaN, BAD + 1]);
  });

  test("also if several parameters of a block are bad in different ways", async () => {
    const source = `export function evaluate(parameter: number): number {
      if (parameter === 501) process.exit(9);
      if (parameter === 502) for (;;);
      if (parameter === 503) throw new Error("three");
      if (parameter === 999) process.exit(8);
      return parameter;
    }`;
    const { code, results } = await run("several", source, ["--timeout", "0.5"]);
    expect(code).toBe(0);
    expect(readFailures(results).map(({ parameter, kind }) => [parameter, kind])).toEqual([
      [501, "exited"],
      [502, "timeout"],
      [503, "threw"],
      [999, "exited"],
    ]);
    expect(readReceipt(results)).toMatchObject({ present: 996, failed: 4 });
  });
});

test("the error of a promise that the evaluation leaves behind is shown, and the result stands", async () => {
  const source = `export function evaluate(parameter: number) {
    if (parameter === 5) Promise.reject(new Error("nobody listens"));
    if (parameter === 6) setTimeout(() => { throw new Error("much later"); });
    return parameter;
  }`;
  const { code, results, stderr } = await run("leaves-behind", source);
  expect(code).toBe(0);
  expect(stderr).toContain("the evaluation left an error behind after it had returned: Error: nobody listens\n");
  expect(readColumn(results)[5]).toBe(5);
  expect(readReceipt(results)).toMatchObject({ present: 1000, failed: 0 });
});

test("more failures than --max-failures stop the run with 42, and a higher limit resumes it", async () => {
  const source = `export function evaluate(parameter: number): number { if (parameter % 10 === 0) throw new Error("ten"); return 1; }`;
  const stopped = await run("max-failures", source, ["--max-failures", "20"]);
  expect(stopped.code).toBe(42);
  expect(stopped.stderr).toMatch(
    /more than 20 parameters failed, the limit of maxFailures \(--max-failures, MAX_FAILURES\)/,
  );
  // The same command would stop again, so that it is not proposed.
  expect(stopped.stdout).toMatch(/Stopped: \S+ of 1,000 parameters are committed\.\n/);
  const resumed = await run("max-failures", source, ["--max-failures", "100"]);
  expect(resumed.code).toBe(0);
  expect(readReceipt(resumed.results)).toMatchObject({ present: 900, failed: 100 });
});

describe("an evaluation may", () => {
  test("return an object of declared columns", async () => {
    const source = `export const columns = ["half", "double"];
      export function evaluate(parameter: number) { return { half: parameter / 2, double: parameter * 2, other: "ignored" }; }`;
    const { code, results } = await run("object", source);
    expect(code).toBe(0);
    expect(readColumn(results, "half")[999]).toBe(499.5);
    expect(readColumn(results, "double")[999]).toBe(1998);
  });

  test("miss a declared column, which is an invalid result", async () => {
    const source = `export const columns = ["a", "b"];
      export function evaluate(parameter: number) { return parameter === 3 ? { a: 1 } : { a: 1, b: 2 }; }`;
    const { results } = await run("misses", source);
    expect(readFailures(results)).toEqual([
      { parameter: 3, kind: "invalid-result", error: 'returned {"a":1}; expected an object with a number for a, b' },
    ]);
    expect(readColumn(results, "a")[3]).toBeNaN();
  });

  test("be asynchronous, for all parameters or for some", async () => {
    const source = `export async function evaluate(parameter: number) { await null; return parameter + 0.5; }`;
    const mixed = `export function evaluate(parameter: number) { return parameter % 3 === 0 ? Promise.resolve(parameter + 0.5) : parameter + 0.5; }`;
    const { results } = await run("async", source);
    const { results: mixedResults } = await run("mixed", mixed);
    expect(readColumn(results)).toEqual(Float64Array.from({ length: 1000 }, (_, parameter) => parameter + 0.5));
    expect(readColumn(mixedResults)).toEqual(readColumn(results));
  });

  test("compute a block at once, into one or several columns", async () => {
    const one = `export function evaluateBlock(start: number, count: number, out: Float64Array) {
      for (let i = 0; i < count; i++) out[i] = Math.sqrt(start + i);
    }`;
    const two = `export const columns = ["root", "square"];
      export async function evaluateBlock(start: number, count: number, out: Record<string, Float64Array>) {
        for (let i = 0; i < count; i++) { out.root![i] = Math.sqrt(start + i); out.square![i] = (start + i) ** 2; }
      }`;
    const { results } = await run("vector", one);
    const { results: twoResults } = await run("vector-columns", two);
    expect(readColumn(results)).toEqual(Float64Array.from({ length: 1000 }, (_, parameter) => Math.sqrt(parameter)));
    expect(readColumn(twoResults, "root")).toEqual(readColumn(results));
    expect(readColumn(twoResults, "square")[31]).toBe(961);
  });

  test("return NaN and infinity, which are values and not failures, and NaN has one bit pattern", async () => {
    const source = `const bits = new Float64Array(new BigUint64Array([0xfff8000000000001n, 0x7ff8dead00000000n]).buffer);
      export function evaluate(parameter: number) {
        return parameter === 7 ? Infinity : parameter % 3 === 0 ? bits[0]! : parameter % 3 === 1 ? bits[1]! : Math.sqrt(-1);
      }`;
    const { code, results } = await run("nan", source);
    expect(code).toBe(0);
    expect(readReceipt(results)).toMatchObject({ present: 1000, failed: 0 });
    const values = readColumn(results);
    expect(values[7]).toBe(Number.POSITIVE_INFINITY);
    const patterns = new Set(new BigUint64Array(values.buffer, values.byteOffset, values.length));
    expect(patterns).toEqual(new Set([0x7ff8000000000000n, 0x7ff0000000000000n]));
  });

  test("import other files, including data", async () => {
    const folder = join(directory, "with-data");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "table.json"), "[10, 20, 30]");
    writeFileSync(join(folder, "table.csv"), "1,2\n");
    writeFileSync(join(folder, "helper.ts"), "export const twice = (value: number): number => 2 * value;");
    const source = `import { readFileSync } from "node:fs";
      import table from "./with-data/table.json"; import csv from "./with-data/table.csv"; import { twice } from "./with-data/helper.ts";
      export function evaluate(parameter: number) { return twice(table[parameter % 3]!) + csv.length + (typeof readFileSync === "function" ? 0 : 1); }`;
    const { code, results } = await run("imports", source);
    expect(code).toBe(0);
    expect([...readColumn(results).subarray(0, 3)]).toEqual([24, 44, 64]);
  });

  test("write its own summary of the results", async () => {
    const source = `export const evaluate = (parameter: number) => parameter;
      export async function summarize(blocks: AsyncIterable<{ start: number; count: number; columns: Record<string, Float64Array> }>) {
        let sum = 0; for await (const { columns } of blocks) for (const value of columns.value!) sum += value;
        return "The sum is " + sum;
      }`;
    expect((await run("summary", source)).stdout).toContain("The sum is 499500\n");
  });
});

test("random numbers, and so results, depend on seed and parameter, never on workers, partition or block size", async () => {
  const source = `export const evaluate = (_: number, context: { random(): number }) => context.random() + context.random();`;
  const path = writeEvaluation(directory, "random", source);
  const digests = new Map<string, string>();
  for (const options of [
    ["--workers", "1", "--batch-size", "100"],
    ["--workers", "3", "--batch-size", "100"],
    ["--workers", "2", "--batch-size", "37", "--partition", "contiguous"],
    ["--workers", "2", "--batch-size", "100", "--seed", "1"],
  ]) {
    const results = join(directory, `random-${digests.size}`);
    const { code } = await sweep(["run", path, "--total", "1000", "--results", results, ...options]);
    expect(code).toBe(0);
    digests.set(options.join(" "), sha256(join(results, "columns", "value.f64")));
  }
  const [first, second, third, otherSeed] = [...digests.values()];
  expect([second, third]).toEqual([first, first]);
  expect(otherSeed).not.toBe(first);
});

test("SIMULATE_WORK_MS sleeps for each parameter", async () => {
  const { stdout } = await run("slow", "export const evaluate = () => 1;", ["--simulate-work-ms", "2"]);
  // 500 parameters for each of two workers take a second at least.
  expect(Number(/Computed: 1,000 in ([\d.]+) s/.exec(stdout)?.[1])).toBeGreaterThan(1);
});

describe("an evaluation that cannot run ends the run with 42 and one line", () => {
  test.each([
    [
      "no-exports",
      "const evaluate = 1;",
      /the evaluation \S+\/no-exports\.ts exports nothing; it must export one function, evaluate\(/,
    ],
    [
      "both",
      "export const evaluate = () => 1; export const evaluateBlock = () => {};",
      /exports evaluate, evaluateBlock; it must/,
    ],
    [
      "columns",
      'export const columns = ["a b"]; export const evaluate = () => 1;',
      /columns must be a list of different names of .*, got \["a b"\]: export for example/,
    ],
    [
      "throws-at-once",
      'throw new Error("at import"); export const evaluate = () => 1;',
      /\/throws-at-once\.ts cannot be loaded: Error: at import/,
    ],
    ["syntax", "export const evaluate = (", /the evaluation \S+ cannot be bundled: syntax\.ts:1: /],
    [
      "exits-at-once",
      "process.exit(0); export const evaluate = () => 1;",
      /cannot be loaded: the evaluation ended its process with exit/,
    ],
  ])("%s", async (name, source, message) => {
    const { code, stderr } = await run(name, source);
    expect(code).toBe(42);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("no such file", async () => {
    const { code, stderr } = await sweep(["run", "./missing.ts"], { cwd: directory });
    expect(code).toBe(42);
    expect(stderr).toBe(
      'error: evaluation must be the path of a module, or collatz, pi or prime, got "./missing.ts": there is no such file; correct the path or the name\n',
    );
  });
});
