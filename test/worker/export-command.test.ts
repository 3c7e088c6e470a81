import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { PermanentError } from "../../worker/src/contract/errors.ts";
import { describeProblem } from "../../worker/src/contract/problems.ts";
import { type ExportFormat, problemsOfExport } from "../../worker/src/results/export.ts";
import { writeWhole } from "../../worker/src/results/output-file.ts";
import { computedResults } from "../support/computed-results.ts";
import { startSweep, sweep, temporaryDirectory } from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const { results } = computedResults(directory);

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
