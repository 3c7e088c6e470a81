import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startProgram } from "../support/sweep.ts";

const repository = join(__dirname, "../..");
const scripts: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(repository, "package.json"), "utf8"),
).scripts;
/** The tools, with what Node.js imports and runs. A signal must reach `deploy` itself, so no `tsx` starts it. */
const tools = Object.entries(scripts).flatMap(([name, command]): [string, string][] => {
  const [, imported] = /^(?:exec node --import )?(tsx \S+)$/.exec(command) ?? [];
  return imported === undefined ? [] : [[name, imported]];
});
const run = (command: string, argument: string) =>
  startProgram([process.execPath, "--import", ...command.split(" "), argument], { cwd: repository }).finished;

test("the tools of package.json are found", () => {
  expect(tools.map(([name]) => name)).toEqual([
    "bench",
    "collect",
    "deploy",
    "destroy",
    "diff",
    "plan-key",
    "cost",
    "doctor",
    "docs",
    "instance-types",
    "submit",
    "ui",
    "mutate",
  ]);
});

test.each([...tools, ["plan", "tsx tools/plan/index.ts"]])(
  "%s explains itself, and refuses an unknown option",
  async (name, command) => {
    const usage = name === "plan" ? "Usage: sweep plan [options]" : `Usage: npm run ${name} -- [options]`;
    for (const option of ["--help", "-h"]) {
      const { code, stdout, stderr } = await run(command, option);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout.startsWith(usage)).toBe(true);
    }
    const { code, stdout, stderr } = await run(command, "--enviroment");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^error: unknown option '--enviroment'\n/);
    expect(stderr).toContain(usage);
  },
);

test("bench and mutate refuse a group and a path that are not there, and a path without sources or tests", async () => {
  expect((await run("tsx bench/run.ts", "speed")).stderr).toBe(
    'error: group must be overhead, verify, objects, scaling, termination, concurrency, peers, plan, synth, diff, indexes, queue or service, got "speed": name one of these\n',
  );
  expect((await run("tsx tools/mutate/index.mts", "nowhere")).stderr).toBe(
    'error: path must be a file or folder of the repository, got "nowhere": name one that exists\n',
  );
  expect((await run("tsx tools/mutate/index.mts", "README.md")).stderr).toBe(
    'error: path must be a file or folder with TypeScript sources, got ["README.md"]: name another one\n',
  );
  expect((await run("tsx tools/mutate/index.mts", "bench/table.ts")).stderr).toBe(
    'error: path must be a file or folder with tests in test/bench, got "bench": name another one\n',
  );
});
