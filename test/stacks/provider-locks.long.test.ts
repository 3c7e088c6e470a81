import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../../stacks/repository.ts";
import { startProgram, temporaryDirectory } from "../support/sweep.ts";

const root = temporaryDirectory();

test("cdktf deploy neither upgrades nor locks a provider itself", async () => {
  const calls = join(root, "calls");
  const terraform = join(root, "terraform");
  writeFileSync(
    terraform,
    `#!/bin/sh\necho "$\{PWD##*/} $*" >> ${calls}\n[ "$1" = version ] && echo '{"terraform_version":"1.11.4"}'\n[ "$1" = output ] && echo '{}'\nexit 0\n`,
  );
  chmodSync(terraform, 0o755);
  const outdir = join(root, "cdktf.out");
  // cdktf makes `.terraform.d` in the home.
  const env = { CDKTF_OUTDIR: outdir, CHECKPOINT_DISABLE: "1", HOME: root };
  const run = (program: string[], own: Readonly<Record<string, string>> = {}) =>
    startProgram(program, { cwd: repository, env: { ...env, ...own } }).finished;
  const synthesized = await run([process.execPath, "--import", "tsx", "main.ts"]);
  expect(synthesized.stderr).toBe("");
  const stacks = ["dev-platform", "dev-addons", "dev-image", "dev-workload"];
  const cdktf = [process.execPath, join("node_modules", "cdktf-cli", "bundle", "bin", "cdktf")];
  const { code } = await run([...cdktf, "deploy", "--skip-synth", "--auto-approve", "--output", outdir, ...stacks], {
    TERRAFORM_BINARY_NAME: terraform,
  });
  expect(code).toBe(0);
  const made = readFileSync(calls, "utf8").split("\n");
  for (const stack of stacks) {
    const own = made.filter((line) => line.startsWith(`${stack} `)).map((line) => line.slice(stack.length + 1));
    expect(own).toEqual(["init", "apply -auto-approve", "output -json"]);
  }
}, 120_000);
