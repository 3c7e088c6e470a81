import { spawnSync } from "node:child_process";
import { cpSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./support/readme.ts";
import { temporaryDirectory } from "./support/sweep.ts";

const roots = ["main.ts", "environments.ts", "constructs", "stacks", "tools", "worker/src"];
const directory = temporaryDirectory();

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
  readonly cycle?: readonly { readonly name: string }[];
}

/** One line for each import that `.dependency-cruiser.cjs` forbids. */
function violationsIn(folder: string): string[] {
  const program = join(repository, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const { stdout, stderr } = spawnSync(process.execPath, [program, "--output-type", "json", ...roots], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  expect(stderr).toBe("");
  const { violations, totalCruised } = JSON.parse(stdout).summary;
  // A parser that read nothing would find nothing.
  expect(totalCruised).toBeGreaterThan(150);
  return violations.map(({ rule, from, to, cycle }: Violation) => {
    const path = cycle === undefined ? to : cycle.map(({ name }) => name).join(" -> ");
    return `${rule.name}: ${from} -> ${path}`;
  });
}

test("no import goes up, none is circular, and the halves meet in the contract only", () => {
  expect(violationsIn(repository)).toEqual([]);
});

test("every kind of rule finds a violation", () => {
  for (const path of [...roots, ".dependency-cruiser.cjs", ".dependency-cruiser.resolve.cjs", "package.json"])
    cpSync(join(repository, path), join(directory, path), { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(directory, "node_modules"));
  const bad = (path: string, imported: string) =>
    writeFileSync(
      join(directory, path),
      `import type * as wrong from "${imported}";\nexport type Wrong = typeof wrong;\n`,
    );
  bad("worker/src/parameters/bad.ts", "../stores/store.ts");
  bad("worker/src/results/bad.ts", "../sampling/sample.ts");
  bad("worker/src/commands/bad.ts", "../cli.ts");
  bad("worker/src/contract/bad.ts", "../programs.ts");
  bad("constructs/network/bad.ts", "../../stacks/platform-stack.ts");
  bad("constructs/pools/bad.ts", "sweep-worker");
  bad("constructs/workload/bad.ts", "../queue/work-queue.ts");
  bad("stacks/bad.ts", "../environments.ts");
  bad("tools/plan/bad.ts", "../../worker/src/engine/worker.ts");
  bad("tools/cost/bad.ts", "./nowhere.ts");
  bad("constructs/storage/a.ts", "./b.ts");
  bad("constructs/storage/b.ts", "./a.ts");
  expect(
    violationsIn(directory)
      .filter((line) => /bad\.ts|storage\/a\.ts/.test(line))
      .sort(),
  ).toEqual([
    "commands imports no higher floor of the worker: worker/src/commands/bad.ts -> worker/src/cli.ts",
    "constructs and stacks know the worker's contract only: constructs/pools/bad.ts -> worker/src/index.ts",
    "constructs imports no higher floor: constructs/network/bad.ts -> stacks/platform-stack.ts",
    "every import is found: tools/cost/bad.ts -> ./nowhere.ts",
    "no circular imports: constructs/storage/a.ts -> constructs/storage/b.ts -> constructs/storage/a.ts",
    "only main.ts and the tools read environments.ts: stacks/bad.ts -> environments.ts",
    "parameters imports no higher floor of the worker: worker/src/parameters/bad.ts -> worker/src/stores/store.ts",
    "results imports no higher floor of the worker: worker/src/results/bad.ts -> worker/src/sampling/sample.ts",
    "the contract imports zod and Node.js only: worker/src/contract/bad.ts -> worker/src/programs.ts",
    "tools know the worker's contract and API only: tools/plan/bad.ts -> worker/src/engine/worker.ts",
    "workload imports no higher floor of the constructs: constructs/workload/bad.ts -> constructs/queue/work-queue.ts",
  ]);
});
