import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { parseArgsStringToArgv } from "string-argv";
import { PermanentError } from "../contract/errors.ts";
import { EVALUATIONS } from "../programs.ts";
import { temporaryDirectory } from "../stores/temporary-directory.ts";

/** First line of a bundle: such a file is run as it is. */
const BUNDLE_MARK = "// sweep evaluation bundle";
const SOURCE_MAP = "\n//# sourceMappingURL=";

/** An evaluation, before it is loaded. */
export interface Evaluation {
  /** For people: the file name without its ending. */
  readonly name: string;
  /** What the user called it: a name, a path or a command. */
  readonly source: string;
  /** SHA-256 of everything that decides what it computes. */
  readonly sha256: string;
  /** One JavaScript file with all it imports, but for what Node.js brings; undefined for a command. */
  readonly bundle: Uint8Array | undefined;
}

/**
 * Finds an evaluation by the name of a bundled one, or by its path, and bundles it.
 *
 * @throws PermanentError where there is none, or it does not compile.
 */
export async function findEvaluation(nameOrPath: string): Promise<Evaluation> {
  const path = findFile(nameOrPath);
  const name = basename(path, extname(path)).replace(/[^A-Za-z0-9_.-]/g, "-");
  const source = readFileSync(path);
  const bundle = source.toString("utf8", 0, BUNDLE_MARK.length) === BUNDLE_MARK ? source : await bundleFile(path);
  return { name, source: nameOrPath, sha256: sha256OfBundle(bundle), bundle };
}

/** An evaluation by a program: its identity is the command line and the content of each file that it names. */
export function commandEvaluation(command: string): Evaluation {
  const words = parseArgsStringToArgv(command);
  if (words.length === 0)
    throw new PermanentError(`EVALUATION_COMMAND: got ${JSON.stringify(command)}; allowed is a command line`);
  const hash = createHash("sha256");
  let name = basename(words[0] as string);
  for (const word of words) {
    const isFile = existsSync(word) && readableFile(word) !== undefined;
    // The file's name without its folder: a laptop and an image keep it in different ones.
    if (isFile) hash.update("file\0").update(basename(word)).update("\0").update(readFileSync(word));
    else hash.update("word\0").update(word);
    hash.update("\0");
    if (isFile) name = basename(word, extname(word));
  }
  return {
    name: name.replace(/[^A-Za-z0-9_.-]/g, "-"),
    source: command,
    sha256: hash.digest("hex"),
    bundle: undefined,
  };
}

/**
 * What the file of an evaluation must be called in the repository, so that the image holds it and a job finds it by its name.
 * Undefined where it is there, and for a command.
 */
export function fileForImage({ name, source, bundle }: Evaluation): string | undefined {
  if (bundle === undefined) return undefined;
  const path = findFile(source);
  const file = name + (extname(path) === ".mjs" ? ".mjs" : ".ts");
  const wanted = join(EVALUATIONS, file);
  return existsSync(wanted) && realpathSync(wanted) === realpathSync(path) ? undefined : `worker/evaluations/${file}`;
}

/** Writes a bundle to a file, so that it can be imported. @returns the path; the file lasts as long as this process. */
export function writeBundle(name: string, bundle: Uint8Array): string {
  const path = join(temporaryDirectory(), `${name}.mjs`);
  writeFileSync(path, bundle);
  return path;
}

function readableFile(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function findFile(nameOrPath: string): string {
  if (/^[\w.-]+$/.test(nameOrPath)) {
    for (const ending of [".mjs", ".ts"]) {
      const path = join(EVALUATIONS, nameOrPath + ending);
      if (existsSync(path)) return path;
    }
  }
  const path = resolve(nameOrPath);
  if (readableFile(path) !== undefined) return path;
  const bundled = existsSync(EVALUATIONS) ? readdirSync(EVALUATIONS).map((file) => basename(file, extname(file))) : [];
  const problem = existsSync(path) ? `${nameOrPath} is not a file that can be read` : `there is no file ${nameOrPath}`;
  throw new PermanentError(
    `${problem}: allowed for [evaluation] or EVALUATION is the path of a module, or one of ${bundled.join(", ")}`,
  );
}

/** The source map names folders of the machine that made it, so that it does not count. */
function sha256OfBundle(bundle: Uint8Array): string {
  const text = Buffer.from(bundle).toString("utf8");
  const end = text.lastIndexOf(SOURCE_MAP);
  return createHash("sha256")
    .update(end === -1 ? text : text.slice(0, end))
    .digest("hex");
}

async function bundleFile(path: string): Promise<Uint8Array> {
  const { build, stop } = await import("esbuild").catch((error) => {
    throw new PermanentError(`${path} must be a bundle here (see sweep bundle --help): esbuild is not installed`, {
      cause: error,
    });
  });
  try {
    const { outputFiles } = await build({
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
    const problems = (error as { errors?: { text: string; location: { file: string; line: number } | null }[] }).errors;
    const lines = problems?.map(({ text, location }) =>
      location === null ? text : `${location.file}:${location.line}: ${text}`,
    );
    throw new PermanentError(
      `the evaluation ${path} cannot be bundled: ${lines?.join("; ") ?? (error as Error).message}`,
    );
  } finally {
    await stop();
  }
}
