import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { lockFileName } from "../../stacks/provider-locks.ts";
import { repository } from "../../stacks/repository.ts";
import { ToolError } from "./tool.ts";

/** A synthesized stack. */
export interface SynthesizedStack {
  readonly id: string;
  readonly folder: string;
  /** The stacks that must be deployed first. */
  readonly dependencies: readonly string[];
  /** The Terraform JSON. */
  readonly json: string;
  /** The provider lock file, which decides about a plan as the JSON does; absent if Terraform chooses the providers. */
  readonly lock?: string;
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
  return readStacks(outdir);
}

export interface CheckedStacks {
  readonly stacks: SynthesizedStack[];
  /** The type-check, which goes on. It rejects with its errors. */
  readonly checked: Promise<void>;
}

/** The last command of cdktf.json's app; the commands before it check what it runs. */
const program = /^(?:(.*) && )?node --import tsx main\.ts$/;

/**
 * As {@link synthesize} for this repository, in half the time: the app runs in this process, which has loaded most of its modules,
 * and the type-check goes on beside whatever comes next.
 */
export async function synthesizeInProcess(outdir: string): Promise<CheckedStacks> {
  const { app } = JSON.parse(readFileSync(join(repository, "cdktf.json"), "utf8"));
  const [isProgram, check] = program.exec(app) ?? [];
  if (isProgram === undefined) return { stacks: synthesize(repository, outdir), checked: Promise.resolve() };
  const checked = check === undefined ? Promise.resolve() : runCheck(check);
  // Only the wait for it decides, and an error in the app comes first.
  checked.catch(() => {});
  const restore = setEnvironment({ CDKTF_OUTDIR: outdir, SYNTH_IN_PROCESS: "1" });
  const succeeded = await import(join(repository, "main.ts")).then(
    () => true,
    () => false,
  );
  // stacks/stack-traces.ts turns them off, and the tool's own errors need them. 10 is the default of Node.js.
  Error.stackTraceLimit = 10;
  process.setSourceMapsEnabled(true);
  restore();
  // A process of its own reports an error as a user knows it, with the type-check's errors before it.
  return { stacks: succeeded ? readStacks(outdir) : synthesize(repository, outdir), checked };
}

/** @returns the function that takes it back. */
function setEnvironment(variables: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

async function runCheck(command: string): Promise<void> {
  const child = spawn(command, { cwd: repository, shell: true, stdio: ["ignore", "pipe", "pipe"] });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => output.push(chunk));
  const status = await new Promise((ended) => child.on("close", ended));
  const text = Buffer.concat(output).toString();
  if (status !== 0) throw new ToolError(`the app cannot be synthesized\n${text}`.trimEnd());
}

/** The stacks in an output folder, each after its dependencies. */
function readStacks(outdir: string): SynthesizedStack[] {
  const { stacks } = JSON.parse(readFileSync(join(outdir, "manifest.json"), "utf8"));
  const found = Object.values<ManifestStack>(stacks).map(({ name, workingDirectory, dependencies, annotations }) => {
    const folder = join(outdir, workingDirectory);
    const lock = join(folder, lockFileName);
    return {
      id: name,
      remarks: annotations.map(({ level, message }) => `${level === "@cdktf/warn" ? "warning: " : ""}${message}`),
      folder,
      dependencies,
      json: readFileSync(join(folder, "cdk.tf.json"), "utf8"),
      ...(existsSync(lock) ? { lock: readFileSync(lock, "utf8") } : {}),
    };
  });
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
