import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cloneInto } from "./clone.ts";
import { type Finished, startProgram } from "./sweep.ts";

/** A copy of this repository, in which a test may change and commit anything. */
export class Checkout {
  readonly folder: string;

  /** @param directory the parent of the copy. */
  constructor(directory: string) {
    this.folder = cloneInto(directory);
    // Other tests type-check.
    this.write("cdktf.json", JSON.stringify({ app: "node --import tsx main.ts" }));
    // .gitignore names a folder, but node_modules is a link here.
    this.write(".gitignore", `${this.read(".gitignore")}\nnode_modules\n`);
  }

  /** Makes it a git repository with one commit, on main. */
  initialize(): void {
    this.git("init", "--quiet", "--initial-branch=main");
    this.commit();
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  write(path: string, content: string): void {
    writeFileSync(join(this.folder, path), content);
  }

  commit(): void {
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message=test");
  }

  git(...args: string[]): string {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    return execFileSync("git", [...identity, ...args], { cwd: this.folder, encoding: "utf8" });
  }

  /** Runs `npm run diff -- <args>` in the copy. */
  diff(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
    const program = [process.execPath, "--import", "tsx", "tools/diff/index.ts", ...args];
    return startProgram(program, { cwd: this.folder, env }).finished;
  }
}
