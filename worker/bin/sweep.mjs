#!/usr/bin/env node
// `sweep`: runs the bundle. In the repository it builds the bundle first if a source is newer (a fresh clone, an edit).
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("../src", import.meta.url));
if (existsSync(sources)) {
  const { buildIfStale } = await import("../build.mjs");
  await buildIfStale();
}
const tool = repositoryTool(process.argv.slice(2));
if (tool !== undefined && existsSync(sources) && existsSync(tool)) {
  // The tool of these commands has no name of its own for them.
  if (["plan", "submit"].includes(process.argv[2])) process.argv.splice(2, 1);
  const { TSX_TSCONFIG_PATH } = process.env;
  process.env.TSX_TSCONFIG_PATH ??= fileURLToPath(new URL("../../tsconfig.json", import.meta.url));
  await import("tsx");
  // The evaluation must see the caller's environment variables: it may start tsx with a tsconfig.json of its own.
  if (TSX_TSCONFIG_PATH === undefined) delete process.env.TSX_TSCONFIG_PATH;
  await import(tool);
} else {
  await import("../dist/cli.mjs");
}

/**
 * The program of a command that needs environments: `sweep plan`, and those about runs on a queue if they name an environment. They are in
 * the repository, but neither in this package nor in the image.
 */
function repositoryTool([command, ...options]) {
  const namesEnvironment = options.some((option) => /^--environment(=|$)/.test(option));
  const isOnQueue = namesEnvironment && ["submit", "status", "cancel", "resume"].includes(command);
  const name = isOnQueue ? "submit" : command === "plan" ? "plan" : undefined;
  return name === undefined ? undefined : fileURLToPath(new URL(`../../tools/${name}/index.ts`, import.meta.url));
}
