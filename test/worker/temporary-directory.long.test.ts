import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProgram, startSweep, sweep, temporaryDirectory, writeEvaluation } from "../support/sweep.ts";
import { until } from "../support/until.ts";

const directory = temporaryDirectory();
const temporary = join(directory, "tmp");
const env = { TMPDIR: temporary };
/** One of the run, and two of each of its workers: for the bundle, and for the parameters in flight. */
const DIRECTORIES = 5;
const ENDLESS = writeEvaluation(directory, "endless", "export function evaluate() { for (;;); }");

test("a start removes the temporary directories that killed processes have left, and no others", async () => {
  mkdirSync(temporary);
  const args = (name: string) => [
    "run",
    ENDLESS,
    "--total",
    "10",
    "--workers",
    "2",
    "--timeout",
    "0",
    "--results",
    join(directory, name),
  ];
  const alive = startSweep(args("alive"), { env });
  await until(() => readdirSync(temporary).length === DIRECTORIES);
  const ofRunning = readdirSync(temporary);
  const killed = startSweep(args("killed"), { env });
  await until(() => readdirSync(temporary).length === 2 * DIRECTORIES);
  const left = readdirSync(temporary).filter((name) => name.startsWith(`sweep-${killed.child.pid}-`));
  expect(left).toHaveLength(1);
  // The workers notice it and end by themselves.
  killed.child.kill("SIGKILL");
  await killed.finished;
  await until(() => readdirSync(temporary).length === DIRECTORIES + 1);
  // Neither of these is ours, although the process of that number is gone.
  const [, space] = /^sweep-\d+-([0-9a-f]{8})-/.exec(left[0] as string) ?? [];
  const { child, finished } = startProgram(["true"]);
  await finished;
  const foreign = [`sweep-${child.pid}-00000000-abcdef`, "sweep-abcdef", "sweep-test-abcdef"];
  for (const name of foreign) mkdirSync(join(temporary, name));
  writeFileSync(join(temporary, `sweep-${child.pid}-${space}-file`), "");
  symlinkSync(directory, join(temporary, `sweep-${child.pid}-${space}-link`));
  const expected = [
    ...ofRunning,
    ...foreign,
    `sweep-${child.pid}-${space}-file`,
    `sweep-${child.pid}-${space}-link`,
  ].sort();
  const next = await sweep(["run", "collatz", "--total", "10", "--results", join(directory, "next")], { env });
  expect(next.code).toBe(0);
  expect(readdirSync(temporary).sort()).toEqual(expected);
  expect(existsSync(join(directory, "next", "run.json"))).toBe(true);
  alive.child.kill("SIGTERM");
  await alive.finished;
});
