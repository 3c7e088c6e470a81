import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
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
    encoding: "utf8",
    maxBuffer: 512 * 1024 * 1024,
  });
  if (error !== undefined && !existsSync(folder)) throw new ToolError(`there is no ${folder}`);
  if (error !== undefined) throw new ToolError(`cannot start ${program}: ${error.message}`);
  return { status, stdout, stderr };
}
