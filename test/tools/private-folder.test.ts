import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/readme.ts";
import { startProgram, temporaryDirectory } from "../support/sweep.ts";
import { until } from "../support/until.ts";

const temporary = temporaryDirectory();
const left = () => readdirSync(temporary).filter((name) => name.startsWith("platform-plans-"));

/** A process that makes a folder, and ends by itself or by a signal. */
async function make(signal?: NodeJS.Signals, kind: "privateFolder" | "guardedPrivateFolder" = "privateFolder") {
  const end = signal === undefined ? "" : `process.kill(process.pid, "${signal}"); setInterval(() => {}, 60_000);`;
  const code = `const { ${kind} } = require("./tools/support/private-folder.ts"); console.log(${kind}()); ${end}`;
  const program = [process.execPath, "--import", "tsx", "--eval", code];
  const { finished } = startProgram(program, { cwd: repository, env: { TMPDIR: temporary } });
  const ended = await finished;
  expect({ signal: ended.signal, stderr: ended.stderr }).toEqual({ signal: signal ?? null, stderr: "" });
  return ended.stdout.trim();
}

test.each([
  ["ends by itself", undefined],
  ["gets SIGHUP", "SIGHUP"],
  ["gets SIGINT", "SIGINT"],
  ["gets SIGTERM", "SIGTERM"],
] as const)("a private folder goes with a process that %s", async (_, signal) => {
  expect(await make(signal)).toMatch(/platform-plans-/);
  expect(left()).toEqual([]);
});

test("a private folder is its owner's alone, and the next process removes what SIGKILL has left, but nothing of another machine", async () => {
  const killed = await make("SIGKILL");
  expect(statSync(killed).mode & 0o777).toBe(0o700);
  // The same process number in another container that shares the folder may be running.
  const foreign = killed.replace(/-[0-9a-f]{8}-(\w+)$/, "-00000000-$1");
  expect(foreign).not.toBe(killed);
  mkdirSync(foreign);
  expect(existsSync(await make())).toBe(false);
  expect(left().map((name) => join(temporary, name))).toEqual([foreign]);
});

test("a guarded folder goes after SIGKILL, too", async () => {
  const before = left();
  const killed = await make("SIGKILL", "guardedPrivateFolder");
  expect(killed).toMatch(/platform-plans-/);
  await until(() => !existsSync(killed));
  expect(left()).toEqual(before);
});
