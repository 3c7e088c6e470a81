import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../support/terraform.ts";
import { ToolError } from "../support/tool.ts";

/** A stack as it was synthesized. */
export interface SynthesizedStack {
  readonly id: string;
  readonly folder: string;
  /** Stacks that must be deployed before it. */
  readonly dependencies: readonly string[];
  /** The Terraform JSON. */
  readonly json: string;
}

/**
 * Beside cdktf.out and as deep: the path of a local state is relative. Apart from it, since a diff must not change what
 * `cdktf deploy --skip-synth` would deploy; kept, since providers are then installed once.
 */
const outdirName = "cdktf.out-diff";

const ownOutdir = () => process.env.CDKTF_OUTDIR ?? join(repository, outdirName);

/**
 * Runs the app of cdktf.json, and returns its stacks, each behind those it depends on.
 * @param directory a checkout of the repository. @default - this one
 * @param outdir where to. @default - CDKTF_OUTDIR, or cdktf.out-diff
 * @throws ToolError with what the app said.
 */
export function synthesize(directory = repository, outdir = ownOutdir()): SynthesizedStack[] {
  const { app } = JSON.parse(readFileSync(join(directory, "cdktf.json"), "utf8"));
  const { status, stdout, stderr } = spawnSync(app, {
    cwd: directory,
    shell: true,
    encoding: "utf8",
    env: { ...process.env, CDKTF_OUTDIR: outdir },
  });
  if (status !== 0) throw new ToolError(`the app cannot be synthesized\n${stderr}${stdout}`.trimEnd());
  const { stacks } = JSON.parse(readFileSync(join(outdir, "manifest.json"), "utf8"));
  const found = Object.values<ManifestStack>(stacks).map(({ name, workingDirectory, dependencies }) => ({
    id: name,
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

/** What a branch changes in what is synthesized. */
export interface StackDifference {
  /** Stacks that are new, or synthesize to something else. */
  readonly changed: ReadonlySet<string>;
  /** Stacks that are synthesized no more. */
  readonly removed: readonly string[];
  /** Why everything counts as changed. */
  readonly note?: string;
}

/**
 * Compares with the commit where this branch left another. Uncommitted changes count.
 * @param ref for example `origin/main`.
 * @throws ToolError when git does not know it.
 */
export function differenceSince(ref: string, stacks: readonly SynthesizedStack[]): StackDifference {
  const base = git(repository, "merge-base", "HEAD", ref);
  if (base.status !== 0) {
    throw new ToolError(
      `--changed-since: got ${ref}; allowed is a branch, tag or commit that this one has history in common with ` +
        `(in a shallow clone: git fetch --unshallow)\n${base.stderr}`.trimEnd(),
    );
  }
  const commit = base.stdout.trim();
  const before = synthesizeCommit(commit);
  if (typeof before === "string") {
    const [reason = before.split("\n")[0]] = /^\w*Error: .*/m.exec(before) ?? [];
    const note = `${commit.slice(0, 12)} cannot be synthesized, so every stack counts as changed: ${reason}`;
    return { changed: new Set(stacks.map(({ id }) => id)), removed: [], note };
  }
  const jsonBefore = new Map(before.map(({ id, json }) => [id, json]));
  return {
    changed: new Set(stacks.filter(({ id, json }) => jsonBefore.get(id) !== json).map(({ id }) => id)),
    removed: [...jsonBefore.keys()].filter((id) => stacks.every((stack) => stack.id !== id)),
  };
}

/** The stacks of a commit, or why there are none. */
function synthesizeCommit(commit: string): SynthesizedStack[] | string {
  const parent = mkdtempSync(join(tmpdir(), "diff-"));
  const worktree = join(parent, "base");
  try {
    const added = git(repository, "worktree", "add", "--detach", worktree, commit);
    if (added.status !== 0) return added.stderr;
    installDependencies(worktree);
    return synthesize(worktree, join(worktree, outdirName));
  } catch (error) {
    if (error instanceof ToolError) return error.message;
    throw error;
  } finally {
    git(repository, "worktree", "remove", "--force", worktree);
    rmSync(parent, { recursive: true, force: true });
  }
}

/** This checkout's, which is quick, unless the commit has others: another provider synthesizes something else. */
function installDependencies(worktree: string): void {
  const lock = (directory: string) => readFileSync(join(directory, "package-lock.json"), "utf8");
  const modules = join(repository, "node_modules");
  if (existsSync(modules) && lock(worktree) === lock(repository)) {
    symlinkSync(modules, join(worktree, "node_modules"));
    return;
  }
  const { status, stderr } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit"], {
    cwd: worktree,
    encoding: "utf8",
  });
  if (status !== 0) throw new ToolError(`npm ci failed\n${stderr}`);
}

function git(cwd: string, ...args: readonly string[]) {
  const { status, stdout, stderr, error } = spawnSync("git", args, { cwd, encoding: "utf8" });
  if (error !== undefined) throw new ToolError(`cannot start git: ${error.message}`);
  return { status, stdout, stderr };
}
