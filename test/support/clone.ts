import { cpSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { repository } from "./readme.ts";

const leftOut = ["node_modules", ".git", "cdktf.out", "cdktf.out-diff", "results", "coverage", "worker/dist"];

/** A fresh clone of this repository with its dependencies, in `<directory>/evaluation-platform`. */
export function cloneInto(directory: string): string {
  const clone = join(directory, "evaluation-platform");
  cpSync(repository, clone, { recursive: true, filter: (path) => !leftOut.includes(relative(repository, path)) });
  symlinkSync(join(repository, "node_modules"), join(clone, "node_modules"));
  return clone;
}
