import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sweep, temporaryDirectory, workerEnvironment, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();
const evaluation = writeEvaluation(directory, "twice", "export const evaluate = (parameter: number) => 2 * parameter;");

/** Environment variables that put a shell script in the place of esbuild. */
function withEsbuild(name: string, script: string): Record<string, string> {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return { ESBUILD_BINARY_PATH: path };
}

test("a worker whose bundler is killed is started again", async () => {
  const env = workerEnvironment({ evaluation, total: 10, results: join(directory, "killed") });
  const { code, stdout } = await sweep(["worker"], { env: { ...env, ...withEsbuild("killed.sh", "kill -KILL $$") } });
  expect({ code, message: JSON.parse(stdout).msg }).toEqual({
    code: 75,
    message: `the evaluation ${evaluation} cannot be bundled: esbuild was ended by SIGKILL`,
  });
});

test("a Ctrl-C that the terminal sends to the bundler, too, interrupts the run", async () => {
  const env = withEsbuild("interrupted.sh", "kill -INT $PPID $$");
  const args = ["run", evaluation, "--total", "10", "--results", join(directory, "interrupted")];
  expect(await sweep(args, { env })).toEqual({ code: 130, signal: null, stdout: "", stderr: "" });
});
