#!/usr/bin/env node
// `sweep`: runs the bundle. In the repository it builds the bundle first if a source is newer (a fresh clone, an edit).
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("../src", import.meta.url));
if (existsSync(sources)) {
  const { buildIfStale } = await import("../build.mjs");
  await buildIfStale();
}
// `sweep plan` needs environments and prices, which are in the repository but neither in this package nor in the image.
const plan = fileURLToPath(new URL("../../tools/plan/index.ts", import.meta.url));
if (process.argv[2] === "plan" && existsSync(sources) && existsSync(plan)) {
  process.argv.splice(2, 1);
  const { TSX_TSCONFIG_PATH } = process.env;
  process.env.TSX_TSCONFIG_PATH ??= fileURLToPath(new URL("../../tsconfig.json", import.meta.url));
  await import("tsx");
  // The evaluation must see the caller's environment variables: it may start tsx with a tsconfig.json of its own.
  if (TSX_TSCONFIG_PATH === undefined) delete process.env.TSX_TSCONFIG_PATH;
  await import(plan);
} else {
  await import("../dist/cli.mjs");
}
