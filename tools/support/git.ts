import { spawnSync } from "node:child_process";
import { ToolError } from "./tool.ts";

/** Runs git in a checkout. @throws ToolError if there is no git. */
export function git(cwd: string, ...args: readonly string[]) {
  return gitWith({}, cwd, ...args);
}

/** The same with further environment variables. */
export function gitWith(variables: Readonly<Record<string, string>>, cwd: string, ...args: readonly string[]) {
  const env = { ...process.env, ...variables };
  const { status, stdout, stderr, error } = spawnSync("git", args, { cwd, env, encoding: "utf8" });
  if (error !== undefined) throw new ToolError(`cannot start git: ${error.message}`);
  return { status, stdout, stderr };
}
