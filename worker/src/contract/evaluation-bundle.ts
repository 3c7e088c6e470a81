import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import nodeModule from "node:module";
import { dirname } from "node:path";
import { PermanentError, TemporaryError } from "./errors.ts";

/** First line of a bundle: a file that begins with it is used as it is. */
export const BUNDLE_MARK = "// sweep evaluation bundle";
const SOURCE_MAP = "\n//# sourceMappingURL=";
/**
 * esbuild reads this variable when it is loaded. By default `buildSync` starts a thread and a process, which takes ten times as long as a
 * single build, and both stay for the rest of the run. The variable must not be set during a build: if tsx has loaded esbuild before,
 * the thread would inherit it, and the build would wait for that thread for ever.
 */
const WITHOUT_THREAD = { ESBUILD_WORKER_THREADS: "0" };
/** esbuild reads this variable for each build. By default the output has 16 MiB at most, and an evaluation may import more data. */
const LARGE_OUTPUT = { ESBUILD_MAX_BUFFER: String(2 ** 30) };

/** A module in one JavaScript file, together with everything that it imports except the modules of Node.js. */
export interface EvaluationBundle {
  readonly contents: Uint8Array;
  /**
   * SHA-256 of the file without its source map, which names folders of the machine that made it. The same sources give the same hash
   * everywhere: it names runs, and a worker refuses results that another hash computed.
   */
  readonly sha256: string;
}

/**
 * Bundles a module, or reads it if it is a bundle already. The infrastructure calls this too, to name the run of a Job: therefore it is
 * synchronous, as constructors are. esbuild is loaded here and not before, since synthesis without jobs and workers in an image need
 * none.
 *
 * @throws PermanentError if the module does not compile, or esbuild is not installed.
 * @throws TemporaryError if a signal ended esbuild.
 */
export function bundleEvaluation(path: string): EvaluationBundle {
  const source = readFileSync(path);
  const isBundle = source.toString("utf8", 0, BUNDLE_MARK.length) === BUNDLE_MARK;
  const contents = isBundle ? source : withVariables(LARGE_OUTPUT, () => bundleFile(path));
  return { contents, sha256: sha256OfBundle(contents) };
}

/** The hash that names a bundle: see {@link EvaluationBundle.sha256}. */
export function sha256OfBundle(bundle: Uint8Array): string {
  const text = Buffer.from(bundle).toString("utf8");
  const [code, behind] = withoutSourceMap(text);
  const hash = createHash("sha256").update(code);
  // esbuild ends the file behind the source map. Code that somebody has added there would run too.
  if (behind.trim() !== "") hash.update(behind);
  return hash.digest("hex");
}

/** The code before the source map, and everything behind the line of the source map. */
function withoutSourceMap(text: string): readonly [code: string, behind: string] {
  const start = text.lastIndexOf(SOURCE_MAP);
  if (start === -1) return [text, ""];
  const end = start + SOURCE_MAP.length;
  // Each of these ends a line of JavaScript, and so the comment.
  return [text.slice(0, start), text.slice(end).replace(/^[^\n\r\u2028\u2029]*/, "")];
}

function bundleFile(path: string): Uint8Array {
  const { buildSync } = withVariables(WITHOUT_THREAD, () => loadEsbuild(path));
  try {
    const { outputFiles } = buildSync({
      entryPoints: [path],
      // Paths in the bundle are relative to the module, so that the same sources give the same bytes anywhere.
      absWorkingDir: dirname(path),
      outfile: "evaluation.mjs",
      write: false,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20.9",
      minifyWhitespace: true,
      keepNames: false,
      legalComments: "none",
      sourcemap: "inline",
      sourcesContent: false,
      sourceRoot: `${dirname(path)}/`,
      // Data that an evaluation imports becomes part of it, and of its identity.
      loader: { ".csv": "text", ".txt": "text", ".bin": "binary", ".wasm": "binary" },
      banner: {
        // CommonJS packages in the bundle call require() for Node.js's own modules.
        js: `${BUNDLE_MARK}\nimport { createRequire as sweepCreateRequire } from "node:module"; globalThis.require ??= sweepCreateRequire(import.meta.url);`,
      },
      logLevel: "silent",
    });
    return (outputFiles[0] as (typeof outputFiles)[0]).contents;
  } catch (error) {
    const { signal } = error as { signal?: NodeJS.Signals | null };
    // A kernel without memory and a Ctrl-C do that. The sources are as good as before.
    if (signal) throw new TemporaryError(`the evaluation ${path} cannot be bundled: esbuild was ended by ${signal}`);
    const problems = (error as { errors?: { text: string; location: { file: string; line: number } | null }[] }).errors;
    const lines = problems?.map(({ text, location }) =>
      location === null ? text : `${location.file}:${location.line}: ${text}`,
    );
    const isMissing = problems?.some(({ text }) => text.startsWith("Could not resolve"));
    const fix = isMissing ? ". Install the package beside the evaluation (npm install), or correct the import" : "";
    throw new PermanentError(
      `the evaluation ${path} cannot be bundled: ${lines?.join("; ") ?? (error as Error).message}${fix}`,
    );
  }
}

/** Runs `work` with other environment variables, and then sets the caller's again, which evaluations inherit. */
function withVariables<T>(variables: Readonly<Record<string, string>>, work: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function loadEsbuild(path: string): typeof import("esbuild") {
  try {
    return nodeModule.createRequire(import.meta.url)("esbuild");
  } catch (error) {
    throw new PermanentError(`${path} must be a bundle here (see sweep bundle --help): esbuild is not installed`, {
      cause: error,
    });
  }
}
