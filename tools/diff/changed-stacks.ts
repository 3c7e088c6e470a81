import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../../stacks/repository.ts";
import { git, gitWith } from "../support/git.ts";
import { guardedPrivateFolder } from "../support/private-folder.ts";
import { type CheckedStacks, type SynthesizedStack, synthesize, synthesizeInProcess } from "../support/synthesize.ts";
import { refusal, ToolError } from "../support/tool.ts";

/**
 * The folder is beside cdktf.out, because the path of a local state is relative. It is another one, because a diff must not
 * change what `cdktf deploy --skip-synth` deploys. It is kept, so that providers are installed only once.
 */
const outdirName = "cdktf.out-diff";

/** The stacks of this checkout. CDKTF_OUTDIR names another output folder. */
export function synthesizeHere(): Promise<CheckedStacks> {
  return synthesizeInProcess(process.env.CDKTF_OUTDIR ?? join(repository, outdirName));
}

/** The changes of a branch to the synthesized stacks. */
export interface StackDifference {
  /** New stacks, and stacks with other JSON or other providers. */
  readonly changed: ReadonlySet<string>;
  /** Stacks that are no longer synthesized. */
  readonly removed: readonly string[];
  /** The stacks of the commit that it is compared with; absent if they cannot be synthesized. */
  readonly before?: readonly SynthesizedStack[];
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
    const note = `${commit.slice(0, 12)} cannot be synthesized, so every stack counts as changed: ${reasonIn(before)}`;
    return { changed: new Set(stacks.map(({ id }) => id)), removed: [], note };
  }
  const isChanged = ({ id, json, lock }: SynthesizedStack) => {
    const earlier = before.find((stack) => stack.id === id);
    return earlier?.json !== json || earlier.lock !== lock;
  };
  return {
    changed: new Set(stacks.filter(isChanged).map(({ id }) => id)),
    removed: before.map(({ id }) => id).filter((id) => stacks.every((stack) => stack.id !== id)),
    before,
  };
}

/** The line with the error of a program that failed, or the first problems of a configuration. */
function reasonIn(output: string): string {
  const lines = output.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]));
  const [title = "", ...rest] = lines;
  return lines.find((line) => /^\w*Error: /.test(line)) ?? (rest.slice(0, 3).join(" ") || title);
}

/** The stacks of a commit, or the reason why there are none. */
function synthesizeCommit(commit: string): SynthesizedStack[] | string {
  // No worktree: git would know it after a diff that is killed. The folder is then removed, by the next diff at the latest.
  const folder = guardedPrivateFolder();
  const base = join(folder, "base");
  try {
    const index = { GIT_INDEX_FILE: join(folder, "index") };
    for (const step of [
      ["read-tree", commit],
      ["checkout-index", "--all", `--prefix=${base}/`],
    ]) {
      const { status, stderr } = gitWith(index, repository, ...step);
      if (status !== 0) return stderr;
    }
    installDependencies(base);
    return synthesize(base, join(base, outdirName));
  } catch (error) {
    if (error instanceof ToolError) return error.message;
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Links this checkout's, which is quick, unless the lock files differ: another provider synthesizes other JSON. */
function installDependencies(checkout: string): void {
  const lock = (directory: string) => readFileSync(join(directory, "package-lock.json"), "utf8");
  const modules = join(repository, "node_modules");
  if (existsSync(modules) && lock(checkout) === lock(repository)) {
    symlinkSync(modules, join(checkout, "node_modules"));
    return;
  }
  const { status, stderr } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit"], {
    cwd: checkout,
    encoding: "utf8",
  });
  if (status !== 0) throw new ToolError(`npm ci failed\n${stderr}`);
}
