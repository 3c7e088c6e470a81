import { join } from "node:path";
import {
  readFailures,
  readReceipt,
  SWEEP,
  startProgram,
  sweep,
  temporaryDirectory,
  writeEvaluation,
} from "../support/sweep.ts";

const directory = temporaryDirectory();

test("a run without parameters is complete at once", async () => {
  const nothing = join(directory, "nothing");
  const { code, stdout } = await sweep(["run", "collatz", "--total", "0", "--workers", "2", "--results", nothing]);
  expect(code).toBe(0);
  expect(stdout).toContain("[WORKER 1] Processed: 0 parameters\nTotal: 0 parameters, each exactly once");
  expect((await sweep(["verify", nothing])).code).toBe(0);
  expect((await sweep(["export", nothing, "--output", join(directory, "nothing.parquet")])).code).toBe(0);
});

describe("a run whose parameters all fail", () => {
  const failing = writeEvaluation(directory, "always", 'export function evaluate() { throw new Error("no licence"); }');
  const program = `node -e "process.exit('$0' === '$' + 0 ? 3 : 4)"`;

  test.each([
    { name: "a module", evaluation: [failing], error: "Error: no licence", replayed: "Error: no licence" },
    {
      name: "a program",
      evaluation: ["--command", program, "--columns", "a,b"],
      error: "the program exited with code 3",
      replayed: "the program exited with code 3",
    },
  ])(
    "of $name, ends with 42 and the first failure, and keeps all failures",
    async ({ name, evaluation, error, replayed }) => {
      const place = join(directory, name);
      const args = ["run", ...evaluation, "--total", "4", "--workers", "2", "--results", place];
      const { code, stdout, stderr } = await sweep(args);
      expect(code).toBe(42);
      expect(stdout).toContain("Failed: 4\n");
      expect(stderr).toContain(`error: no parameter has a result, all 4 failed. Parameter 0: ${error}\n`);
      expect(readFailures(place)).toHaveLength(4);
      expect(readReceipt(place)).toMatchObject({ present: 0, failed: 4 });
      // Resumed, it has nothing to compute, and is no better.
      expect((await sweep(args)).code).toBe(42);
      const [, replay = ""] = /error: sweep (replay .*) evaluates it in the foreground/.exec(stderr) ?? [];
      expect(await startProgram(["sh", "-c", `"${process.execPath}" "${SWEEP}" ${replay}`]).finished).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(replayed),
      });
    },
  );

  test("except for one, ends with 0", async () => {
    const one = writeEvaluation(
      directory,
      "one",
      "export function evaluate(parameter: number) { if (parameter !== 3) throw new Error(); return Number.NaN; }",
    );
    expect((await sweep(["run", one, "--total", "4", "--results", join(directory, "one")])).code).toBe(0);
  });
});

test("the default place of results is named after the evaluation and its identity", async () => {
  const run = (...options: string[]) => sweep(["run", "collatz", "--total", "100", ...options], { cwd: directory });
  const [first, same, other] = [await run(), await run(), await run("--seed", "1")].map(
    ({ stdout }) => /Results in file:(.*)/.exec(stdout)?.[1],
  );
  expect(first).toMatch(/\/results\/collatz-[0-9a-f]{8}$/);
  expect(same).toBe(first);
  expect(other).not.toBe(first);
});

test("a run without a terminal prints a line every ten seconds, to standard error", async () => {
  const { code, stderr } = await sweep([
    "run",
    "collatz",
    "--total",
    "60",
    "--batch-size",
    "5",
    "--workers",
    "1",
    "--simulate-work-ms",
    "200",
    "--results",
    join(directory, "lines"),
  ]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^ *\d+ % {2}\d+ of 60 {2}\d+\/s {2}\d+ s left\n$/);
});
