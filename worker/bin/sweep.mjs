#!/usr/bin/env node
// `sweep`: runs the bundle, which is made first where the sources beside it are newer (a fresh clone, an edit).
import { buildIfStale } from "../build.mjs";

await buildIfStale();
await import("../dist/cli.mjs");
