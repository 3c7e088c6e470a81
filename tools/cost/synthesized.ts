import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../support/terraform.ts";
import { ToolError } from "../support/tool.ts";

/** A resource as Terraform reads it. */
// biome-ignore lint/suspicious/noExplicitAny: its content depends on its type.
export type ResourceJson = Readonly<Record<string, any>>;

export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly json: ResourceJson;
}

const parts = ["platform", "addons", "workload"] as const;

/**
 * Synthesizes the app into a temporary folder, as `cdktf synth` does, and returns the resources of each environment.
 *
 * @throws ToolError with the app's output if it cannot be synthesized.
 */
export function synthesizedResources(environments: readonly string[]): ReadonlyMap<string, readonly Resource[]> {
  const outdir = mkdtempSync(join(tmpdir(), "platform-cost-"));
  try {
    const { status, stderr, error } = spawnSync(process.execPath, ["--import", "tsx", "main.ts"], {
      cwd: repository,
      encoding: "utf8",
      env: { ...process.env, CDKTF_OUTDIR: outdir },
    });
    if (error !== undefined || status !== 0) throw new ToolError(stderr.trim() || String(error));
    const read = (stack: string) => {
      const json = JSON.parse(readFileSync(join(outdir, "stacks", stack, "cdk.tf.json"), "utf8"));
      return resourcesOf(json);
    };
    return new Map(environments.map((name) => [name, parts.flatMap((part) => read(`${name}-${part}`))]));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** The resources of a stack's Terraform JSON. */
export function resourcesOf(stack: { readonly resource?: Readonly<Record<string, ResourceJson>> }): Resource[] {
  return Object.entries(stack.resource ?? {}).flatMap(([type, named]) =>
    Object.entries(named).map(([name, json]) => ({ type, name, json })),
  );
}
