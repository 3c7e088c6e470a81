import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Stryker } from "@stryker-mutator/core";
import { refusal, runTool, tool } from "../support/tool.ts";

type MutantResult = Awaited<ReturnType<Stryker["runMutationTest"]>>[number];

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const defaultPaths = ["constructs", "stacks/configuration"];
const lowestPercentage = 85;

/** `npm run mutate`. The files of a folder meet the tests that mirror the folder. */
async function mutate(paths: readonly string[]): Promise<void> {
  const sources = paths.flatMap(sourcesIn);
  if (sources.length === 0)
    throw refusal("path", "a file or folder with TypeScript sources", paths, "name another one");
  const scores = new Map<string, Score>();
  for (const folder of new Set(sources.map((file) => dirname(file)))) {
    print(`${folder}: ${testsOf(folder).join(", ")}`);
    const results = await mutants(
      sources.filter((file) => dirname(file) === folder),
      testsOf(folder),
    );
    scores.set(folder, scoreOf(results));
  }
  print("Killed without snapshots:");
  for (const [folder, score] of [...scores, ["together", together([...scores.values()])] as const]) {
    print(`  ${folder}: ${percentage(score).toFixed(1)} % (${score.killed} of ${score.all})`);
  }
  if (percentage(together([...scores.values()])) < lowestPercentage) process.exitCode = 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function mutants(files: readonly string[], tests: readonly string[]): Promise<MutantResult[]> {
  // The process that runs Jest inherits it.
  process.env.TESTS_OF_FOLDER = JSON.stringify(tests);
  return new Stryker({
    mutate: [...files],
    plugins: ["@stryker-mutator/jest-runner"],
    testRunner: "jest",
    jest: {
      configFile: "jest.config.js",
      // Jest cannot see what the one file requires.
      enableFindRelatedTests: false,
      config: {
        runtime: "<rootDir>/tools/mutate/shared-libraries.cjs",
        testMatch: ["<rootDir>/tools/mutate/tests-of-folder.ts"],
        setupFilesAfterEnv: ["<rootDir>/tools/mutate/without-snapshots.ts"],
      },
    },
    coverageAnalysis: "perTest",
    // A second process would slow down both on a laptop with two cores.
    concurrency: 1,
    // The libraries that are loaded once keep what each run gave them: 333 mutations filled four GiB.
    maxTestRunnerReuse: 50,
    // A machine that is busy with something else must not count as a test that fails.
    timeoutMS: 60_000,
    // Stryker would rewrite the file with a JavaScript API that TypeScript 7 lacks; Jest needs none of it.
    tsconfigFile: "no-tsconfig.json",
    ignorePatterns: ["/cdktf.out*", "/results", "/worker/dist*", "/coverage"],
    reporters: process.stdout.isTTY ? ["clear-text", "progress"] : ["clear-text"],
    clearTextReporter: { reportTests: false, logTests: false, skipFull: true },
    // The score of each folder is printed below.
    thresholds: { break: null },
  }).runMutationTest();
}

/** TypeScript files of a path, relative to the repository. */
function sourcesIn(path: string): string[] {
  const absolute = resolve(path);
  if (!existsSync(absolute)) throw refusal("path", "a file or folder of the repository", path, "name one that exists");
  const files = statSync(absolute).isDirectory()
    ? readdirSync(absolute, { recursive: true, encoding: "utf8" }).map((file) => join(absolute, file))
    : [absolute];
  return files
    .filter((file) => /\.m?ts$/.test(file) && !/\.d\.ts$|\/(node_modules|dist)\//.test(file))
    .map((file) => relative(repository, file));
}

/** Test files that compute for seconds, which is too long to do for each mutation. */
const slowTests = ["hover.test.ts", "any-malformed-field.test.ts"];

/** `test/` mirrors the tree; the tests of a tool, and those of the worker, are in one folder. */
function testsOf(folder: string): string[] {
  const [top = "", name = ""] = folder.split("/");
  const mirror = top === "worker" || top === "tools" ? `test/${top}` : `test/${folder}`;
  const prefix = top === "tools" ? name : "";
  const tests = (existsSync(mirror) ? readdirSync(mirror) : [])
    .filter((file) => file.startsWith(prefix) && /(?<!\.long)\.test\.ts$/.test(file) && !slowTests.includes(file))
    .map((file) => `${mirror}/${file}`);
  if (tests.length === 0) throw refusal("path", `a file or folder with tests in ${mirror}`, folder, "name another one");
  return tests;
}

interface Score {
  readonly killed: number;
  readonly all: number;
}

/** Mutants that break the program, or that a comment excludes with its reason, count neither way. */
function scoreOf(results: readonly MutantResult[]): Score {
  const count = (...statuses: MutantResult["status"][]) =>
    results.filter(({ status }) => statuses.includes(status)).length;
  const killed = count("Killed", "Timeout");
  return { killed, all: killed + count("Survived", "NoCoverage") };
}

function together(scores: readonly Score[]): Score {
  const sum = (figure: keyof Score) => scores.reduce((total, score) => total + score[figure], 0);
  return { killed: sum("killed"), all: sum("all") };
}

function percentage({ killed, all }: Score): number {
  return all === 0 ? 100 : (100 * killed) / all;
}

process.chdir(repository);
await runTool(
  tool("npm run mutate --", "Change the code in many small ways, and report the changes that no test notices.")
    .argument("[paths...]", "files or folders with sources", defaultPaths)
    .addHelpText("after", `\nExit code: 0, or 1 if fewer than ${lowestPercentage} % of the changes make a test fail.`)
    .action(mutate),
);
