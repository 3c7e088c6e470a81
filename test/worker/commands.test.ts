import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import packageFile from "../../worker/package.json";
import { bundleCommand } from "../../worker/src/commands/bundle.ts";
import { PermanentError } from "../../worker/src/contract/errors.ts";
import { describeProblem } from "../../worker/src/contract/problems.ts";
import { type ExportFormat, problemsOfExport } from "../../worker/src/results/export.ts";
import { writeWhole } from "../../worker/src/results/output-file.ts";
import {
  readFailures,
  readReceipt,
  SWEEP,
  startProgram,
  startSweep,
  sweep,
  temporaryDirectory,
  writeEvaluation,
} from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const results = join(directory, "results");
const EVALUATION = writeEvaluation(
  directory,
  "sample",
  `export const columns = ["half", "odd"];
export function evaluate(parameter: number) {
  if (parameter === 3) {
    throw new Error("three is bad");
  }
  return { half: parameter === 4 ? Number.NaN : parameter / 2, odd: parameter === 5 ? Number.POSITIVE_INFINITY : parameter % 2 };
}
`,
);

beforeAll(async () => {
  const { code } = await sweep([
    "run",
    EVALUATION,
    "--total",
    "100000",
    "--workers",
    "2",
    "--seed",
    "5",
    "--results",
    results,
  ]);
  expect(code).toBe(0);
});

describe("sweep export", () => {
  test("writes Parquet, with a null where a parameter failed", async () => {
    const output = join(directory, "out.parquet");
    const { code, stdout } = await sweep(["export", results, "--output", output]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `100,000 rows in ${output}\n` });
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(output) });
    expect(rows).toHaveLength(100_000);
    expect(rows.slice(2, 6)).toEqual([
      { parameter: 2n, half: 1, odd: 0 },
      { parameter: 3n, half: null, odd: null },
      { parameter: 4n, half: Number.NaN, odd: 0 },
      { parameter: 5n, half: 2.5, odd: Number.POSITIVE_INFINITY },
    ]);
    expect(rows.at(-1)).toEqual({ parameter: 99_999n, half: 49_999.5, odd: 1 });
  });

  test("writes CSV, to a file or to standard output", async () => {
    const output = join(directory, "out.csv");
    expect((await sweep(["export", results, "--format", "csv", "--output", output])).code).toBe(0);
    const lines = readFileSync(output, "utf8").split("\n");
    expect(lines.slice(0, 7)).toEqual([
      "parameter,half,odd",
      "0,0,0",
      "1,0.5,1",
      "2,1,0",
      "3,,",
      "4,NaN,0",
      "5,2.5,Infinity",
    ]);
    expect(lines).toHaveLength(100_002);
    const { stdout } = await sweep(["export", results, "--format", "csv", "--output", "-"]);
    expect(stdout).toBe(readFileSync(output, "utf8"));
  });

  test("writes JSON lines", async () => {
    const { code, stdout } = await sweep(["export", results, "--format", "jsonl", "--output", "-"]);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(100_000);
    expect(lines.slice(3, 6).map((line) => JSON.parse(line))).toEqual([
      { parameter: 3, half: null, odd: null },
      { parameter: 4, half: "NaN", odd: 0 },
      { parameter: 5, half: 2.5, odd: "Infinity" },
    ]);
  });

  test("refuses Parquet on standard output, which cannot be written back and forth", async () => {
    const fix = "choose one of these, or name a file, because Parquet is written back and forth";
    for (const [options, got] of [
      [[], "nothing"],
      [["--format", "parquet"], '"parquet"'],
    ] as const) {
      expect(await sweep(["export", results, "--output", "-", ...options])).toMatchObject({
        code: 42,
        stdout: "",
        stderr: `error: --format must be csv or jsonl for a stream, got ${got}: ${fix}\n`,
      });
    }
  });

  test("takes the format from the name, and replaces a file only if it is told to", async () => {
    const folder = join(directory, "replaced");
    mkdirSync(folder);
    const exported = (...options: string[]) => sweep(["export", results, ...options], { cwd: folder });
    writeFileSync(join(folder, "out.csv"), "mine\n");
    expect(await exported("--output", "out.csv")).toMatchObject({
      code: 42,
      stderr:
        'error: --output must be a file that does not exist yet, got "out.csv": name another one, or replace it with --force\n',
    });
    expect(readFileSync(join(folder, "out.csv"), "utf8")).toBe("mine\n");
    symlinkSync("out.csv", join(folder, "link.csv"));
    expect(await exported("--output", "link.csv", "--force")).toMatchObject({
      code: 0,
      stdout: "100,000 rows in link.csv, in place of a file of 5 bytes\n",
    });
    expect(readFileSync(join(folder, "out.csv"), "utf8")).toMatch(/^parameter,half,odd\n0,0,0\n/);
    expect(lstatSync(join(folder, "link.csv")).isSymbolicLink()).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["link.csv", "out.csv"]);
  });

  test("refuses what it could not write before it reads anything", () => {
    const folder = join(directory, "wrong");
    mkdirSync(join(folder, "folder.csv"), { recursive: true });
    writeFileSync(join(folder, "file"), "");
    const errors = (format: string | undefined, output: string) =>
      problemsOfExport({ format: format as ExportFormat, output, overwrite: false }, "--").map(describeProblem);
    const missing = join(folder, "not there");
    expect(errors("xlsx", "a.csv")).toEqual([
      '--format must be parquet, csv or jsonl, got "xlsx": choose one of these',
    ]);
    expect(errors("parquet", "a.csv")).toEqual([
      '--format must be csv for "a.csv", got "parquet": leave the format out, or give the file another name',
    ]);
    expect(errors(undefined, "a.txt")).toEqual([
      '--format must be parquet, csv or jsonl, got nothing: choose one of these, because the name "a.txt" does not tell',
    ]);
    expect(errors(undefined, `${missing}/a.csv`)).toEqual([
      `--output must be a file in a folder that exists, got "${missing}/a.csv": create it first: mkdir -p '${missing}'`,
    ]);
    expect(errors("csv", `${folder}/file/a.csv`)).toEqual([
      `--output must be a file in a folder, got "${folder}/file/a.csv": ${folder}/file is a file; name another place`,
    ]);
    for (const output of [`${folder}/folder.csv`, `${folder}/b.csv/`])
      expect(errors("csv", output)).toEqual([
        `--output must be a file, got "${output}": it is a folder; name a file in it, for example ${join(output, "results.csv")}`,
      ]);
    expect(errors("csv", "/dev/null")).toEqual([
      '--output must be a file, got "/dev/null": it is a device or a pipe; for standard output use -',
    ]);
    expect(errors("csv", `${folder}/a.csv`)).toEqual([]);
    expect(errors(undefined, `${folder}/a.NDJSON`)).toEqual([]);
  });

  test("leaves nothing behind when it is interrupted or fails", async () => {
    const folder = join(directory, "interrupted");
    mkdirSync(folder);
    const { child, finished } = startSweep(["export", results, "--output", join(folder, "out.csv")]);
    await until(() => readdirSync(folder).length > 0);
    child.kill("SIGINT");
    expect((await finished).code).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
    const failing = writeWhole(join(folder, "out.csv"), async (aside) => {
      writeFileSync(aside, "half");
      throw new PermanentError("the results are damaged");
    });
    await expect(failing).rejects.toThrow("the results are damaged");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("sweep bundle", () => {
  test("replaces an earlier bundle, and no other file: its default name may be that of the source", async () => {
    const folder = join(directory, "bundles");
    mkdirSync(folder);
    const source = "export const evaluate = (parameter) => parameter;\n";
    const module = join(folder, "mine.mjs");
    writeFileSync(module, source);
    jest.spyOn(process.stdout, "write").mockReturnValue(true);
    await expect(bundleCommand(module, { output: module })).rejects.toThrow(
      `--output must be a file that does not exist yet, got "${module}": name another one, or replace it with --force`,
    );
    expect(readFileSync(module, "utf8")).toBe(source);
    const secret = join(folder, "secret.mjs");
    writeFileSync(secret, "", { mode: 0o200 });
    await expect(bundleCommand(module, { output: secret })).rejects.toThrow(
      `--output must be a file that does not exist yet, got "${secret}": name another one, or replace it with --force`,
    );
    rmSync(secret);
    const bundle = join(folder, "bundle.mjs");
    for (let time = 0; time < 2; time++) await bundleCommand(module, { output: bundle });
    expect(readFileSync(bundle, "utf8")).toMatch(/^\/\/ sweep evaluation bundle/);
    await bundleCommand(module, { output: module, force: true });
    expect(readFileSync(module, "utf8")).toBe(readFileSync(bundle, "utf8"));
    jest.restoreAllMocks();
    expect(readdirSync(folder).sort()).toEqual(["bundle.mjs", "mine.mjs"]);
  });
});

describe("sweep replay", () => {
  test("prints the result of one parameter, and the stored values", async () => {
    const { code, stdout, stderr } = await sweep(["replay", "7", "--results", results]);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '{"half":3.5,"odd":1}\n',
      stderr: `stored in file:${results}: half = 3.5, odd = 1\n`,
    });
  });

  test("prints the stack of an error, with the lines of the source", async () => {
    const { code, stdout, stderr } = await sweep(["replay", "3", "--results", results]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`stored in file:${results}: failed (threw): Error: three is bad\n`);
    expect(stderr).toContain("Error: three is bad\n");
    expect(stderr).toContain(`${EVALUATION}:4:11)`);
  });

  test("runs an evaluation that was never run", async () => {
    expect(await sweep(["replay", "27", "collatz"])).toMatchObject({ code: 0, stdout: '{"steps":111}\n' });
    const { code, stdout } = await sweep(["replay", "5", "--command", `node -e "console.log(42)"`]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "42\n" });
  });

  test("finds an evaluation of an image by its file's name, which may contain _", async () => {
    const image = join(directory, "image");
    cpSync(join(__dirname, "../../worker/dist"), join(image, "dist"), { recursive: true });
    mkdirSync(join(image, "evaluations"));
    const bundle = join(image, "evaluations", "My_own.mjs");
    expect((await sweep(["bundle", EVALUATION, "--output", bundle])).code).toBe(0);
    const replay = [process.execPath, join(image, "dist/cli.mjs"), "replay", "7", "My_own"];
    expect(await startProgram(replay).finished).toMatchObject({ code: 0, stdout: '{"half":3.5,"odd":1}\n' });
  });

  test("refuses a text that is no parameter", async () => {
    expect(await sweep(["replay", "5x", "collatz"])).toMatchObject({
      code: 42,
      stderr: 'error: parameter must be a whole number from 0, got "5x": name a parameter of the sweep\n',
    });
    const { code, stderr } = await sweep(["replay", "-5x", "collatz"]);
    expect(code).not.toBe(0);
    expect(stderr).not.toContain("    at ");
  });
});

test("sweep status counts parameters", async () => {
  const { stdout } = await sweep(["status", results]);
  expect(stdout).toBe(
    [
      `sample, seed 5, in file:${results}`,
      "total              100,000",
      "present             99,999",
      "failed                   1",
      "remaining                0",
      "100 % done",
      "",
    ].join("\n"),
  );
});

test("sweep verify prints its findings", async () => {
  const { code, stdout } = await sweep(["verify", results]);
  expect(code).toBe(0);
  expect(stdout).toContain("100,000 parameters, each exactly once, in ");
  expect(stdout).toContain("present    99,999\nfailed     1\n");
  expect(stdout).toMatch(/half sha256 [0-9a-f]{64}\nodd sha256 [0-9a-f]{64}\n/);
});

test("a place without results ends a command with 42 and one line", async () => {
  const empty = join(directory, "empty");
  for (const command of ["verify", "export", "status"]) {
    expect(await sweep([command, empty])).toMatchObject({
      code: 42,
      stderr: `error: file:${empty} holds no results: it has no run.json. Name the place that the run has printed (Results in ...)\n`,
    });
  }
  expect(await sweep(["status", "ftp://somewhere"])).toMatchObject({
    code: 42,
    stderr:
      'error: results must be file:<directory>, a path, or s3://<bucket>/<prefix>, got "ftp://somewhere": ' +
      "use one of these, for example file:./results\n",
  });
});

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

test.each([[], ["run"], ["worker"], ["verify"], ["export"], ["status"], ["replay"], ["bundle"]])(
  "sweep %s --help explains itself",
  async (...command) => {
    const { code, stdout } = await sweep([...command, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: sweep/);
  },
);

test("the version is that of the package", async () => {
  expect(await sweep(["--version"])).toMatchObject({ code: 0, stdout: `${packageFile.version}\n` });
});

test.each([
  [["exprot"], "error: unknown command 'exprot'\n(Did you mean export?)"],
  [["run", "--totl", "5"], "error: unknown option '--totl'\n(Did you mean --total?)"],
])("a typing error of %j is answered with the nearest name", async (args, stderr) => {
  expect(await sweep(args)).toMatchObject({ code: 1, stderr: `${stderr}\n(run with --help for the options)\n` });
});
