import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { lockFileName } from "../../stacks/provider-locks.ts";
import { repository } from "../../stacks/repository.ts";
import { ToolError } from "./tool.ts";

/** Terraform or a replacement, by cdktf's own variable: `TERRAFORM_BINARY_NAME=tofu` is OpenTofu. */
export const terraformProgram = () => process.env.TERRAFORM_BINARY_NAME || "terraform";

/** The folder in which `cdktf synth` writes all stacks. */
export const outputFolder = () => process.env.CDKTF_OUTDIR ?? join(repository, "cdktf.out");

/** The folder in which `cdktf synth` writes a stack. */
export function stackFolder(stackId: string): string {
  return join(outputFolder(), "stacks", stackId);
}

export interface TerraformResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Terraform in the folder of a stack, with the caller's credentials. */
export function terraform(folder: string, ...args: readonly string[]): TerraformResult {
  const program = terraformProgram();
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: folder,
    env: terraformVariables(),
    encoding: "utf8",
    maxBuffer: 512 * 1024 * 1024,
  });
  if (error !== undefined && !existsSync(folder)) throw new ToolError(`there is no ${folder}`);
  if (error !== undefined) throw new ToolError(`cannot start ${program}: ${error.message}`);
  return { status, stdout, stderr };
}

/** The arguments that initialise a stack with exactly the providers of its lock file; without a file Terraform chooses them. */
export function initArguments(folder: string): string[] {
  const locked = existsSync(join(folder, lockFileName)) ? ["-lockfile=readonly"] : [];
  return ["init", "-input=false", "-no-color", ...locked];
}

/**
 * The environment variables of Terraform. All stacks share one copy of each provider, which has up to 700 MB, unless the user says
 * where providers come from or belong.
 */
export function terraformVariables(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const own = { ...env, TF_IN_AUTOMATION: "1", TF_INPUT: "0" };
  if (env.TF_PLUGIN_CACHE_DIR !== undefined || configuresProviders(env)) return own;
  const cache = join(repository, ".terraform", "plugin-cache");
  mkdirSync(cache, { recursive: true });
  return { ...own, TF_PLUGIN_CACHE_DIR: cache };
}

/** Whether the CLI's configuration has a cache or a mirror. */
function configuresProviders(env: NodeJS.ProcessEnv): boolean {
  const usual = join(homedir(), basename(terraformProgram()) === "tofu" ? ".tofurc" : ".terraformrc");
  const file = env.TF_CLI_CONFIG_FILE || env.TERRAFORM_CONFIG || usual;
  return existsSync(file) && /^\s*(plugin_cache_dir|provider_installation)\b/m.test(readFileSync(file, "utf8"));
}
