import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DEFAULTS, variableName, type WorkerConfiguration } from "../worker/src/contract.ts";
import { EXIT_CODE } from "../worker/src/errors.ts";
import { readColumn, sweep, temporaryDirectory } from "./support/sweep.ts";

const root = resolve(__dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const directory = temporaryDirectory();

/** The file that the README shows in a block behind "Here it is `<path>`:", written below a directory. */
function writeExample(path: string): string {
  const start = readme.indexOf(`Here it is \`${path}\`:`);
  const code = /```\w+\n([\s\S]*?)```/.exec(readme.slice(start))?.[1];
  if (start === -1 || code === undefined) throw new Error(`the README does not show ${path}`);
  const target = join(directory, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, code);
  return target;
}

/** The arguments of the README's command that begins like this, without its comment. */
function commandOf(beginning: string): string[] {
  const line = readme.split("\n").find((candidate) => candidate.startsWith(`npx sweep ${beginning}`));
  if (line === undefined) throw new Error(`the README has no command npx sweep ${beginning}`);
  const words = line.replace(/ +#.*$/, "").match(/"[^"]*"|\S+/g) ?? [];
  return words.slice(2).map((word) => word.replaceAll('"', ""));
}

function share(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test("the TypeScript example and its commands work, and approach pi", async () => {
  writeExample("evaluations/pi.ts");
  const run = await sweep([...commandOf("run evaluations/pi.ts"), "--results", join(directory, "pi")], {
    cwd: directory,
  });
  expect(run.code).toBe(0);
  expect(4 * share(readColumn(join(directory, "pi"), "inside"))).toBeCloseTo(Math.PI, 2);
  const replay = await sweep(commandOf("replay 42 evaluations/pi.ts"), { cwd: directory });
  expect(JSON.parse(replay.stdout)).toEqual({ inside: readColumn(join(directory, "pi"), "inside")[42] });
});

function hasPython(): boolean {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

// Node.js is all that the tests may expect.
(hasPython() ? test : test.skip)("the Python example and its command work, and approach pi", async () => {
  writeExample("evaluations/pi.py");
  const run = await sweep([...commandOf("run --command"), "--results", join(directory, "python")], { cwd: directory });
  expect(run.code).toBe(0);
  expect(4 * share(readColumn(join(directory, "python"), "inside"))).toBeCloseTo(Math.PI, 1);
});

test("the table of variables is the contract", () => {
  const rows = readme.split("\n").flatMap((line) => {
    const [, variable, byDefault] = /^\| `([A-Z0-9_]+)` \|.*\|([^|]*)\|$/.exec(line) ?? [];
    return variable === undefined ? [] : [[variable, byDefault?.replaceAll("`", "").trim()] as const];
  });
  const documented = Object.fromEntries(rows);
  for (const [property, value] of Object.entries(DEFAULTS)) {
    expect({ property, value: documented[variableName(property as keyof WorkerConfiguration)] }).toEqual({
      property,
      value: value.toLocaleString("en"),
    });
  }
  const others = [
    "workerId",
    "totalWorkers",
    "totalParameters",
    "evaluationCommand",
    "resultColumns",
    "resultsUrl",
  ] as const;
  for (const property of others) expect(Object.keys(documented)).toContain(variableName(property));
  expect(rows).toHaveLength(Object.keys(DEFAULTS).length + others.length);
});

test("the table of exit codes is complete", () => {
  const documented = readme
    .split("\n")
    .flatMap((line) => /^\| ([\d, ]+) \|/.exec(line)?.[1]?.split(", ").map(Number) ?? []);
  for (const code of Object.values(EXIT_CODE)) expect(documented).toContain(code);
});

test("every dependency is explained", () => {
  const packages = ["package.json", "worker/package.json"].flatMap((path) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(join(root, path), "utf8"));
    return [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  });
  const unexplained = packages.filter(
    (name) => !readme.includes(`\`${name}\``) && !/^@types\/|^@cdktf\/provider-/.test(name),
  );
  expect(unexplained).toEqual([]);
});
