import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { commandWords } from "../contract/command-line.ts";
import { PermanentError } from "../contract/errors.ts";
import { bundleEvaluation } from "../contract/evaluation-bundle.ts";
import { describeProblem, oneOf, show } from "../contract/problems.ts";
import { EVALUATIONS } from "../programs.ts";
import { temporaryDirectory } from "../stores/temporary-directory.ts";

/** As the evaluation of a worker: the bundle that lies beside its results. It is no path, because a path has no colon at its end. */
export const EVALUATION_OF_RESULTS = "results:";

/** The files of evaluations that {@link findEvaluation} finds by their names. */
const MODULE_FILE = /^[\w-][\w.-]*\.(mjs|ts)$/;

/** The ends of paths that a module may have. */
const MODULE_EXTENSION = /\.[cm]?[jt]sx?$/;

/** An evaluation that was found, but not loaded. */
export interface Evaluation {
  /** The file name without its extension, for people. */
  readonly name: string;
  /** The name, the path or the command that the user gave. */
  readonly source: string;
  /** The SHA-256 of everything that decides the results. */
  readonly sha256: string;
  /** One JavaScript file with all imports except Node.js's own modules. Undefined for a command. */
  readonly bundle: Uint8Array | undefined;
}

/**
 * Finds an evaluation and bundles it.
 *
 * @param nameOrPath the path of a module, or the name of an evaluation that comes with the worker (`collatz`, `pi`, `prime`).
 * @throws PermanentError if there is no such evaluation, or it does not compile.
 * @throws TemporaryError if a signal ended the bundler.
 */
export function findEvaluation(nameOrPath: string): Evaluation {
  const path = findFile(nameOrPath);
  const name = basename(path, extname(path)).replace(/[^A-Za-z0-9_.-]/g, "-");
  const { contents, sha256 } = bundleEvaluation(path);
  return { name, source: nameOrPath, sha256, bundle: contents };
}

/** The names of the evaluations that come with the worker, sorted. */
export function bundledEvaluations(): string[] {
  const files = existsSync(EVALUATIONS) ? readdirSync(EVALUATIONS) : [];
  const modules = files.filter((file) => MODULE_FILE.test(file));
  return [...new Set(modules.map((file) => basename(file, extname(file))))].sort();
}

/**
 * The evaluation by a program. Its identity is the command line and the content of each file that the command line names.
 *
 * @throws PermanentError if the command line is empty.
 */
export function commandEvaluation(command: string): Evaluation {
  const words = commandWords(command);
  if (words.length === 0) {
    const fix = "name a program, for example python3 evaluate.py";
    const problem = { path: ["evaluationCommand"], allowed: "a command line", got: show(command), fix };
    throw new PermanentError(describeProblem(problem));
  }
  const hash = createHash("sha256");
  let name = basename(words[0] as string);
  for (const word of words) {
    const isFile = existsSync(word) && readableFile(word) !== undefined;
    // Without the folder: a laptop and an image keep the file in different ones.
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
 * The path in the repository that an evaluation's file needs, so that the image holds it and a job finds it by its name. Undefined
 * if the file is there already, and for a command.
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
  const isReadable = readableFile(path) !== undefined;
  if (isReadable && MODULE_EXTENSION.test(path)) return path;
  if (isReadable) {
    const command = `--command ${show(extname(path) === ".py" ? `python3 ${nameOrPath}` : nameOrPath)}`;
    const fix = `a program in another language is a command: ${command} (EVALUATION_COMMAND)`;
    const allowed = "a module of TypeScript or JavaScript";
    throw new PermanentError(describeProblem({ path: ["evaluation"], allowed, got: show(nameOrPath), fix }));
  }
  const reason = existsSync(path) ? "this path cannot be read as a file" : "there is no such file";
  const fix = `${reason}; correct the path or the name`;
  const allowed = `the path of a module, or ${oneOf(bundledEvaluations())}`;
  throw new PermanentError(describeProblem({ path: ["evaluation"], allowed, got: show(nameOrPath), fix }));
}
