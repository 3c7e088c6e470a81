import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { repository } from "../../stacks/repository.ts";
import { git } from "../support/git.ts";
import { terraform, terraformProgram } from "../support/terraform.ts";
import { refusal, ToolError } from "../support/tool.ts";

/** The file beside the plan files that says everything about them. */
export const manifestName = "plans.json";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const schema = z.strictObject({
  /** Version of this format. */
  format: z.literal(1),
  /** One of environments.ts. */
  environment: z.string(),
  /** The commit that was planned. */
  commit: z.string(),
  /** Version of Terraform: another one refuses the plan files. */
  terraform: z.string(),
  /** Whether the plan files are encrypted. */
  encrypted: z.boolean(),
  /** The stacks that are applied, in order. */
  stacks: z.array(
    z.strictObject({
      /** A part of file names, so it is no path. */
      stack: z.string().regex(/^[\w-]+$/),
      /** SHA-256 of the plan file before its encryption. */
      sha256,
      /** SHA-256 of the stack's provider lock file; null if it has none, as with OpenTofu. */
      providers: sha256.nullable(),
    }),
  ),
  /** The stacks that another round must plan, and the reason of each. */
  later: z.array(z.strictObject({ stack: z.string(), reason: z.string() })),
});

/** The content of plans.json. */
export type Manifest = z.infer<typeof schema>;

/** The name of the file with the plan of a stack. */
export function planFileName(stack: string, { encrypted }: Pick<Manifest, "encrypted">): string {
  return `${stack}.tfplan${encrypted ? ".age" : ""}`;
}

export function digestOf(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** @throws ToolError if it has another format. */
export function parsedManifest(text: string): Manifest {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {}
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const { format } = (content ?? {}) as { readonly format?: unknown };
  const where = issue === undefined ? "" : ` (${[...issue.path, issue.message].join(": ")})`;
  const fix = `plan again with this version of the repository${where}`;
  throw refusal("plans", "saved plans of format 1", format === undefined ? content : { format }, fix);
}

/**
 * The commit of this checkout.
 * @param purpose completes the error, for example `--save-plans`.
 * @throws ToolError if a tracked file differs from it: nobody could tell later what was planned.
 */
export function checkedOutCommit(purpose: string): string {
  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = git(repository, ...args);
    if (status !== 0)
      throw new ToolError(`${purpose} needs the commit of this checkout: git ${args[0]}: ${stderr.trim()}`);
    return stdout.trimEnd();
  };
  const commit = run("rev-parse", "HEAD");
  const changed = run("status", "--porcelain", "--untracked-files=no");
  if (changed !== "") {
    throw refusal(purpose, "used in a checkout without changes", changed.split("\n"), "commit or undo these changes");
  }
  return commit;
}

/** The version of Terraform, which must be the same in a plan and in its apply. */
export function terraformVersion(folder: string): string {
  const { status, stdout, stderr } = terraform(folder, "version", "-json");
  if (status !== 0) throw new ToolError(`${terraformProgram()} version failed: ${stderr.trim()}`);
  return JSON.parse(stdout).terraform_version;
}

/** SHA-256 of the provider lock file of an initialised stack; null if it has none. */
export function lockOf(folder: string): string | null {
  const file = join(folder, ".terraform.lock.hcl");
  return existsSync(file) ? digestOf(readFileSync(file)) : null;
}
