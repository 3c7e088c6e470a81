import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ToolError } from "./tool.ts";

/** A synthesized stack. */
export interface SynthesizedStack {
  readonly id: string;
  readonly folder: string;
  /** The stacks that must be deployed first. */
  readonly dependencies: readonly string[];
  /** The Terraform JSON. */
  readonly json: string;
  /** Sentences about it that `cdktf synth` prints, too, for example on how many machines a job runs. */
  readonly remarks: readonly string[];
}

/**
 * Runs the app of cdktf.json, as `cdktf synth` does, and returns its stacks, each after its dependencies.
 * @param directory a checkout of the repository.
 * @param outdir the output folder.
 * @throws ToolError with the app's output.
 */
export function synthesize(directory: string, outdir: string): SynthesizedStack[] {
  const { app } = JSON.parse(readFileSync(join(directory, "cdktf.json"), "utf8"));
  const { status, stdout, stderr } = spawnSync(app, {
    cwd: directory,
    shell: true,
    encoding: "utf8",
    env: { ...process.env, CDKTF_OUTDIR: outdir },
  });
  if (status !== 0) throw new ToolError(`the app cannot be synthesized\n${stderr}${stdout}`.trimEnd());
  const { stacks } = JSON.parse(readFileSync(join(outdir, "manifest.json"), "utf8"));
  const found = Object.values<ManifestStack>(stacks).map(({ name, workingDirectory, dependencies, annotations }) => ({
    id: name,
    remarks: annotations.map(({ level, message }) => `${level === "@cdktf/warn" ? "warning: " : ""}${message}`),
    folder: join(outdir, workingDirectory),
    dependencies,
    json: readFileSync(join(outdir, workingDirectory, "cdk.tf.json"), "utf8"),
  }));
  return inOrder(found);
}

interface ManifestStack {
  readonly name: string;
  readonly workingDirectory: string;
  readonly dependencies: readonly string[];
  readonly annotations: readonly { readonly level: string; readonly message: string }[];
}

function inOrder(stacks: readonly SynthesizedStack[]): SynthesizedStack[] {
  const ordered = new Set<SynthesizedStack>();
  const add = (stack: SynthesizedStack) => {
    for (const id of stack.dependencies) {
      const dependency = stacks.find((candidate) => candidate.id === id);
      if (dependency !== undefined) add(dependency);
    }
    ordered.add(stack);
  };
  for (const stack of stacks) add(stack);
  return [...ordered];
}

/** The file of a stack's local state, whether it exists or not; undefined if the state is elsewhere. */
export function localStateFile({ folder, json }: SynthesizedStack): string | undefined {
  const path: string | undefined = JSON.parse(json).terraform?.backend?.local?.path;
  return path === undefined ? undefined : resolve(folder, path);
}

/** The environment of a stack. Only one fits: the loader refuses a name that begins with another's and a hyphen. */
export function environmentOfStack(id: string, environments: readonly string[]): string | undefined {
  return environments.find((name) => id.startsWith(`${name}-`));
}
