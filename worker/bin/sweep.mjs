#!/usr/bin/env node
// `sweep`: runs the bundle, which is made first where the sources beside it are newer (a fresh clone, an edit).
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildIfStale } from "../build.mjs";

await buildIfStale();
// `sweep plan` knows environments and prices, which are in the repository and neither in this package nor in the image.
const plan = fileURLToPath(new URL("../../tools/plan/index.ts", import.meta.url));
if (process.argv[2] === "plan" && existsSync(plan)) {
  process.argv.splice(2, 1);
  process.env.TSX_TSCONFIG_PATH ??= fileURLToPath(new URL("../../tsconfig.json", import.meta.url));
  await import("tsx");
  await import(plan);
} else {
  await import("../dist/cli.mjs");
}
