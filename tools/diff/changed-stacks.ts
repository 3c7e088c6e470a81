import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../../stacks/repository.ts";
import { type SynthesizedStack, synthesize } from "../support/synthesize.ts";
import { refusal, ToolError } from "../support/tool.ts";

/**
 * The folder is beside cdktf.out, because the path of a local state is relative. It is another one, because a diff must not
 * change what `cdktf deploy --skip-synth` deploys. It is kept, so that providers are installed only once.
 */
const outdirName = "cdktf.out-diff";

/** The stacks of this checkout. CDKTF_OUTDIR names another output folder. */
export function synthesizeHere(): SynthesizedStack[] {
  return synthesize(repository, process.env.CDKTF_OUTDIR ?? join(repository, outdirName));
}

/** The changes of a branch to the synthesized stacks. */
export interface StackDifference {
  /** New stacks, and stacks with other JSON. */
  readonly changed: ReadonlySet<string>;
  /** Stacks that are no longer synthesized. */
  readonly removed: readonly string[];
  /** The reason, if every stack counts as changed. */
  readonly note?: string;
}

/**
 * Compares with the commit where this branch left another. Uncommitted changes count.
 * @param ref for example `origin/main`.
 * @throws ToolError if git does not know it.
 */
export function differenceSince(ref: string, stacks: readonly SynthesizedStack[]): StackDifference {
  const base = git(repository, "merge-base", "HEAD", ref);
  if (base.status !== 0) {
    const allowed = "a branch, tag or commit with common history";
    const fix = `in a shallow clone, run git fetch --unshallow\n${base.stderr}`.trimEnd();
    throw refusal("--changed-since", allowed, ref, fix);
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

/** The stacks of a commit, or the reason why there are none. */
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

/** Links this checkout's, which is quick, unless the lock files differ: another provider synthesizes other JSON. */
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
