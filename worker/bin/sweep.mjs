#!/usr/bin/env node
// `sweep`: runs the bundle, which is made first where the sources beside it are newer (a fresh clone, an edit).
import { buildWorker, isStale } from "../build.mjs";

if (isStale()) await buildWorker();
await import("../dist/cli.mjs");
