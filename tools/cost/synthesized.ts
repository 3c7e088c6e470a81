import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environments } from "../../environments.ts";
import { repository } from "../../stacks/repository.ts";
import { environmentOfStack, synthesize } from "../support/synthesize.ts";

/** A resource as Terraform reads it. */
// biome-ignore lint/suspicious/noExplicitAny: its content depends on its type.
export type ResourceJson = Readonly<Record<string, any>>;

export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly json: ResourceJson;
}

/**
 * Synthesizes the app into a temporary folder, and returns the resources of each environment.
 *
 * @throws ToolError with the app's output if it cannot be synthesized.
 */
export function synthesizedResources(): ReadonlyMap<string, readonly Resource[]> {
  const outdir = mkdtempSync(join(tmpdir(), "platform-cost-"));
  try {
    const stacks = synthesize(repository, outdir);
    const names = environments.map(({ name }) => name);
    const resourcesIn = (environment: string) =>
      stacks
        .filter(({ id }) => environmentOfStack(id, names) === environment)
        .flatMap(({ json }) => resourcesOf(JSON.parse(json)));
    return new Map(names.map((name) => [name, resourcesIn(name)]));
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
