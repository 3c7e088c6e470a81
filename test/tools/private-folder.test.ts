import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/readme.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const temporary = temporaryDirectory();

test("a private folder is its owner's alone, goes with its process, and takes away only what a process of this machine has left", () => {
  const make = (then: string) => {
    const code = `const { privateFolder } = require("./tools/support/private-folder.ts"); console.log(privateFolder()); ${then}`;
    const env = { ...process.env, TMPDIR: temporary };
    const { stdout } = spawnSync(process.execPath, ["--import", "tsx", "--eval", code], {
      cwd: repository,
      env,
      encoding: "utf8",
    });
    return stdout.trim();
  };
  const killed = make('process.kill(process.pid, "SIGKILL")');
  expect(statSync(killed).mode & 0o777).toBe(0o700);
  // The same process number in another container that shares the folder may be running.
  const foreign = killed.replace(/-[0-9a-f]{8}-(\w+)$/, "-00000000-$1");
  mkdirSync(foreign);
  expect(foreign).not.toBe(killed);
  const next = make("");
  expect(existsSync(next)).toBe(false);
  expect(
    readdirSync(temporary)
      .filter((name) => name.startsWith("platform-plans-"))
      .map((name) => join(temporary, name)),
  ).toEqual([foreign]);
});
