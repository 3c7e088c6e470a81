import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { parseArgsStringToArgv } from "string-argv";
import { PermanentError } from "../contract/errors.ts";
import { bundleEvaluation } from "../contract/evaluation-bundle.ts";
import { EVALUATIONS } from "../programs.ts";

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
export function findEvaluation(nameOrPath: string): Evaluation {
  const path = findFile(nameOrPath);
  const name = basename(path, extname(path)).replace(/[^A-Za-z0-9_.-]/g, "-");
  const { contents, sha256 } = bundleEvaluation(path);
  return { name, source: nameOrPath, sha256, bundle: contents };
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
