import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cloneInto } from "./support/clone.ts";
import { codeAfter, codeBlocks, page, readme, repository, shellCommands } from "./support/readme.ts";
import { canRun } from "./support/required.ts";
import { readColumn, startProgram, temporaryDirectory } from "./support/sweep.ts";

/** A fresh clone with its dependencies, in which the commands run one after the other as a reader types them. No test adds a file. */
const clone = cloneInto(temporaryDirectory());
/** cdktf makes `.terraform.d` in the home. */
const home = temporaryDirectory();
const ci = readFileSync(join(repository, ".ci/run"), "utf8")
  .split("\n")
  // `tested` sets the home of the command behind it.
  .map((line) => line.trim().replace(/^tested /, ""));
const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
const pages = ["README.md", "docs/evaluations.md", "docs/environment.md", "docs/troubleshooting.md"];
const commands = pages.flatMap((path) => shellCommands(page(path)));
/** In the order of the pages; a command that two pages have runs once. */
const withoutAccount = [...new Set(commands.filter(({ needsAccount }) => !needsAccount).map(({ command }) => command))];
// Node.js is all that the tests may expect. REQUIRE_PYTHON=1 forbids to skip.
const noPython = spawnSync("python3", ["--version"]).error && "python3 is not on PATH";
const hasPython = canRun("the README's example in Python", "REQUIRE_PYTHON", noPython);

/** Runs a line as a shell does; a part of it that `.ci/run` has as a line of its own is run there. */
async function run(line: string): Promise<string> {
  let output = "";
  for (const command of line.split(" && ").filter((part) => !ci.includes(part))) {
    const finished = await startProgram(["bash", "-c", command], { cwd: clone, env: { HOME: home } }).finished;
    if (finished.code !== 0) throw new Error(`${command} ended with ${finished.code}:\n${finished.stderr}`);
    output += finished.stdout;
  }
  return output;
}

const outputs = new Map<string, string>();
for (const command of withoutAccount) {
  const testHere = hasPython || !command.includes("python3") ? test : test.skip;
  testHere(`the README's \`${command}\` works`, async () => void outputs.set(command, await run(command)), 300_000);
}

test("the output of `npm start` is what the README shows", () => {
  const shown = codeAfter("[published record]").trim().split("\n");
  const got = outputs.get("npm ci && npm start")?.split("\n") ?? [];
  const found = shown.filter((line) => /^(collatz|Total|Failed|Longest run|steps)/.test(line)).map(withoutTimes);
  expect(found).toHaveLength(5);
  expect(got.map(withoutTimes)).toEqual(expect.arrayContaining(found));
});

test("the examples approach pi, and replay gives the value that is stored", () => {
  // Each run says where its results are.
  const resultsOf = (beginning: string) => {
    const command = withoutAccount.find((candidate) => candidate.startsWith(beginning)) ?? "";
    return /^Results in file:(.*)$/m.exec(outputs.get(command) ?? "")?.[1];
  };
  const inside = readColumn(resultsOf("./sweep run worker/evaluations/pi.ts") ?? "", "inside");
  expect(4 * share(inside)).toBeCloseTo(Math.PI, 2);
  expect(JSON.parse(outputs.get("./sweep replay 42 worker/evaluations/pi.ts --seed 7") ?? "")).toEqual({
    inside: inside[42],
  });
  const python = resultsOf("./sweep run --command");
  if (hasPython) expect(4 * share(readColumn(python ?? "", "inside"))).toBeCloseTo(Math.PI, 1);
});

test("the examples pass this project's own lint and type-check", async () => {
  appendFileSync(
    join(clone, "environments.ts"),
    `\n${codeAfter("## Another environment", page("docs/environment.md"))}`,
  );
  const tsconfig = { extends: "./tsconfig.json", include: ["environments.ts"] };
  writeFileSync(join(clone, "tsconfig.example.json"), JSON.stringify(tsconfig));
  await expect(run("npx biome check --error-on-warnings worker/evaluations")).resolves.toBeDefined();
  await expect(run("npm run tsc -- --project tsconfig.example.json")).resolves.toBeDefined();
  await expect(run("npm run tsc -- --project worker/tsconfig.json")).resolves.toBeDefined();
});

test("what needs an account is marked, and is a command that there is", () => {
  const withAccount = commands.filter(({ needsAccount }) => needsAccount).map(({ command }) => command);
  expect(withAccount.length).toBeGreaterThan(0);
  const known = (command: string) =>
    /^(export PLATFORM_DEV_|aws |kubectl |terraform )/.test(command) ||
    scripts[/^npm run (\S+)/.exec(command)?.[1] ?? ""] !== undefined;
  expect(withAccount.filter((command) => !known(command))).toEqual([]);
});

test("no block of the README is of a language that no test knows", () => {
  // Pictures and outputs are compared with what they show, in this file and in readme.test.ts.
  const languages = new Set(codeBlocks(readme).map(({ language }) => language));
  expect([...languages].sort()).toEqual(["mermaid", "sh", "text", "ts"]);
});

function share(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A line without what depends on the machine: times, rates, and how many workers there are. */
function withoutTimes(line: string): string {
  return line.replaceAll(/[\d,.]+ (s\b|a second|workers)/g, "<some> $1");
}
