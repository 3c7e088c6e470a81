// Bundles the worker into dist/: plain JavaScript files that need nothing but Node.js (and esbuild, to bundle a user's
// TypeScript). A process then starts in about 0.1 s, where transpiling the sources each time would take five times that.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");

/** Milliseconds since the epoch of the newest file below `path`, 0 where there is none. */
function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Whether `dist/` is missing, or older than the sources it was made of. */
function isStale() {
  return newest(join(dist, "cli.mjs")) < Math.max(newest(join(here, "src")), newest(fileURLToPath(import.meta.url)));
}

/** Builds where `dist/` is stale; of programs that start at the same time, one builds and the others wait. */
export async function buildIfStale() {
  const lock = `${dist}.lock`;
  while (isStale()) {
    try {
      mkdirSync(lock);
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      // A build takes a second: a lock that is older was left behind by one that was killed.
      if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > 30_000)
        rmSync(lock, { recursive: true, force: true });
      await setTimeout(50);
      continue;
    }
    try {
      if (isStale()) await buildWorker();
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
}

/** Writes `dist/` anew. It is built aside and moved into place: a build that fails leaves the old one. */
async function buildWorker() {
  // It is loaded only to build: that takes longer than to start a worker.
  const { build } = await import("esbuild");
  const aside = `${dist}.${process.pid}`;
  mkdirSync(aside, { recursive: true });
  try {
    await build({
      absWorkingDir: here,
      entryPoints: {
        cli: "src/cli.ts",
        "evaluation-process": "src/evaluation/process.ts",
      },
      outdir: aside,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target: "node20.9",
      external: ["esbuild"],
      minifySyntax: true,
      legalComments: "none",
      // Some dependencies are CommonJS and call require() for Node.js's own modules.
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
      logLevel: "warning",
    });
    rmSync(dist, { recursive: true, force: true });
    renameSync(aside, dist);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildWorker();
