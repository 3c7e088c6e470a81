import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { terraformProgram } from "../../tools/support/terraform.ts";
import { repository } from "./readme.ts";
import { hasTerraform } from "./with-terraform.ts";

/** Whether Terraform is here to make the state of {@link deployed}. */
export const hasState = hasTerraform("reading outputs from Terraform's state");

/**
 * The state of a deployed workload stack of dev: its outputs, and no resource that would need a provider. Without Terraform there is only
 * the stack's folder.
 *
 * @returns the folder of the synthesized stacks.
 */
export function deployed(outdir: string, outputs: Readonly<Record<string, unknown>>): string {
  const folder = join(outdir, "stacks", "dev-workload");
  mkdirSync(folder, { recursive: true });
  const terraform = { backend: { local: { path: "../../terraform.tfstate" } } };
  const output = Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, { value }]));
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ terraform, output }));
  if (hasState) {
    for (const args of [["init"], ["apply", "-auto-approve"]]) {
      const { status, stderr } = spawnSync(terraformProgram(), args, { cwd: folder, encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
    }
  }
  return outdir;
}

/** Runs a tool of the repository on a folder of synthesized stacks. */
export function onStacks(
  tool: string,
  outdir: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(TF_|AWS_)/.test(name));
  const child = spawn(process.execPath, ["--import", "tsx", `tools/${tool}/index.ts`, ...args], {
    cwd: repository,
    env: { ...Object.fromEntries(inherited), CDKTF_OUTDIR: outdir, ...env },
  });
  const [stdout, stderr]: [string[], string[]] = [[], []];
  child.stdout.on("data", (chunk) => stdout.push(String(chunk)));
  child.stderr.on("data", (chunk) => stderr.push(String(chunk)));
  const finished = new Promise<{ code: number | null; stdout: string; stderr: string }>((done) => {
    child.on("close", (code) => done({ code, stdout: stdout.join(""), stderr: stderr.join("") }));
  });
  return { child, finished, output: () => stdout.join("") };
}
