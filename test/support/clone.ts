import { cpSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { repository } from "./readme.ts";

/** The entries of .gitignore. A concurrent build creates and removes `worker/dist.<process>` and its lock. */
const leftOut =
  /^(node_modules|\.git|cdktf\.out[^/]*|results|coverage|worker\/dist[^/]*|terraform\.[^/]*\.tfstate[^/]*|(.*\/)?\.terraform)$/;

/** A fresh clone of this repository with its dependencies, in `<directory>/evaluation-platform`. */
export function cloneInto(directory: string): string {
  const clone = join(directory, "evaluation-platform");
  cpSync(repository, clone, { recursive: true, filter: (path) => !leftOut.test(relative(repository, path)) });
  symlinkSync(join(repository, "node_modules"), join(clone, "node_modules"));
  return clone;
}
