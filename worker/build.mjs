// Bundles the worker into dist/: the programs and the package's two entry points, as plain JavaScript files that need nothing but
// Node.js (and esbuild, to bundle a user's TypeScript), and the page that `sweep serve --page` gives to browsers. A process then
// starts in about 0.1 s; transpiling the sources at every start would take five times as long. Type declarations are made only for
// a package (`npm pack`): they take longer than all this.
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");

/** The time of the newest file below `path` in milliseconds since the epoch, 0 where there is none. */
function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Whether `dist/` is missing, or older than its sources. */
function isStale() {
  const sources = [join(here, "src"), join(here, "page"), fileURLToPath(import.meta.url)];
  return newest(join(dist, "cli.mjs")) < Math.max(...sources.map(newest));
}

/** Builds if `dist/` is stale. If several programs start at the same time, one builds and the others wait. */
export async function buildIfStale() {
  const lock = `${dist}.lock`;
  while (isStale()) {
    try {
      mkdirSync(lock);
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      // A build takes a second: an older lock was left behind by a build that was killed.
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

/** Builds `dist/` aside and moves it into place, so that a failed build leaves the old one. */
async function buildWorker() {
  // Loaded only here: loading it takes longer than starting a worker.
  const { build } = await import("esbuild");
  const aside = `${dist}.${process.pid}`;
  mkdirSync(aside, { recursive: true });
  try {
    const settings = {
      absWorkingDir: here,
      outdir: aside,
      bundle: true,
      platform: "node",
      target: "node20.9",
      external: ["esbuild"],
      minifySyntax: true,
      legalComments: "none",
      logLevel: "warning",
    };
    await build({
      ...settings,
      entryPoints: {
        cli: "src/start.ts",
        "evaluation-process": "src/evaluation/process.ts",
        index: "src/index.ts",
        contract: "src/contract/index.ts",
      },
      outExtension: { ".js": ".mjs" },
      splitting: true,
      format: "esm",
      // Some dependencies are CommonJS and call require() for Node.js's own modules.
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    });
    // The constructs are CommonJS, and Node.js before 20.19 cannot require() an ES module. They bring zod themselves.
    await build({
      ...settings,
      entryPoints: { contract: "src/contract/index.ts" },
      outExtension: { ".js": ".cjs" },
      format: "cjs",
      banner: { js: 'const importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
      define: { "import.meta.url": "importMetaUrl" },
      external: ["zod"],
    });
    await buildPage(build, join(aside, "page"));
    rmSync(dist, { recursive: true, force: true });
    renameSync(aside, dist);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/**
 * Writes index.html, page.js, page.css and icon.svg. Their names are fixed: while replicas are replaced, a browser may get index.html from
 * one version and page.js from another, which would not have a name with the hash of its content.
 */
async function buildPage(build, folder) {
  await build({
    absWorkingDir: join(here, "page"),
    outdir: folder,
    entryPoints: [
      { in: "main.tsx", out: "page" },
      { in: "styles/page.css", out: "page" },
    ],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: ["chrome123", "firefox128", "safari17.5"],
    legalComments: "none",
    logLevel: "warning",
  });
  for (const name of ["index.html", "icon.svg"]) cpSync(join(here, "page", name), join(folder, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // A package is made beside running programs, which would miss `dist/` while it is replaced.
  if (process.argv.includes("--if-stale")) await buildIfStale();
  else await buildWorker();
}
