import { posix } from "node:path";
import { commandWords } from "sweep-worker/contract";
import { type Problem, show } from "../support/problems.ts";
import type { ImageEvaluations } from "./image-files.ts";

/** The folder in which the image starts a command. */
const imageFolder = "/app";
/** The only program of the default base image; it is on the path. */
const nodePath = "/usr/local/bin/node";
const exampleImage = '"docker.io/library/python:3.13-slim-bookworm"';
/** Options of Node.js with which it runs no file. */
const isEvalOption = (word: string) => /^(-e|--eval|-p|--print|-pe)(=|$)/.test(word);

/**
 * The problem of a command that a built image cannot run: a program that it does not have, or a file that it does not hold. Its pods would
 * fail minutes later, on paid machines. At most one problem, since each explains the whole command.
 *
 * @param baseImage An image of the user's own may have any program and any file outside of `evaluations`. @default - that of the
 * Dockerfile, which has Node.js and no other program
 */
export function commandProblems(command: string, image: ImageEvaluations, baseImage: string | undefined): Problem[] {
  const [program = "", ...words] = commandWords(command);
  const isDefault = baseImage === undefined;
  const reason =
    programReason(program, image, isDefault) ??
    argumentReason(program, words, image) ??
    (isDefault && isNode(program) ? scriptReason(words) : undefined);
  if (reason === undefined) return [];
  return [
    { path: ["evaluationCommand"], allowed: "a command that the image can run", got: show(command), fix: reason },
  ];
}

function programReason(program: string, image: ImageEvaluations, isDefault: boolean): string | undefined {
  if (isNode(program)) return undefined;
  if (program === "") return "it names no program; begin with one, for example python3";
  if (/^\w+=/.test(program))
    return `no shell reads it, so ${program} would be the program; set the variable in the program itself, or with env of a workload.baseImage`;
  const place = placeOf(program);
  if (program.includes("/") && place.startsWith("evaluations/")) {
    const file = image.files.get(place);
    if (file === undefined) return missing(place, image);
    if (!file.isExecutable)
      return `the image may not execute ${place}; run chmod +x worker/${place}, or name its interpreter`;
    if (!isDefault || file.shebang === undefined || interpreterOf(file.shebang) === nodePath) return undefined;
    return `${place} begins with ${file.shebang}, and the default base image has only ${nodePath}; set workload.baseImage to an image with that program, for example ${exampleImage}`;
  }
  const misplaced = checkoutReason(program, image) ?? folderReason(program, image);
  if (misplaced !== undefined || !isDefault) return misplaced;
  return `the default base image has node and no other program; set workload.baseImage to an image with ${program}, for example ${exampleImage}`;
}

/** The problem of the first argument that names a file that is not there. */
function argumentReason(program: string, words: readonly string[], image: ImageEvaluations): string | undefined {
  let isScriptKnown = image.files.has(placeOf(program));
  for (const [index, word] of words.entries()) {
    const isModule = words[index - 1] === "-m";
    const reason = isModule ? moduleReason(word, image) : wordReason(word, image);
    if (reason !== undefined) return reason;
    // Later names are for the script, which may look for them in its own folder.
    const misplaced = isScriptKnown || isModule ? undefined : folderReason(valueIn(word), image);
    if (misplaced !== undefined) return misplaced;
    isScriptKnown ||= isModule || image.files.has(placeOf(word));
  }
  return undefined;
}

/** The problem of a module of Python among the evaluations. */
function moduleReason(word: string, image: ImageEvaluations): string | undefined {
  if (!/^evaluations(\.\w+)+$/.test(word)) return undefined;
  const path = word.replaceAll(".", "/");
  return image.files.has(`${path}.py`) || isFolder(path, image) ? undefined : missing(`${path}.py`, image);
}

function wordReason(word: string, image: ImageEvaluations): string | undefined {
  const value = valueIn(word);
  const place = placeOf(value);
  if (!place.startsWith("evaluations/")) return checkoutReason(value, image);
  return holds(place, image) ? undefined : missing(place, image);
}

/** The problem of a path that is right in a checkout and wrong in the image. */
function checkoutReason(word: string, image: ImageEvaluations): string | undefined {
  const place = /^(?:.*\/)?worker\/(evaluations\/.+)$/.exec(word)?.[1];
  if (place === undefined || word.includes("://")) return undefined;
  // A base image may have a folder of that name elsewhere.
  if (posix.isAbsolute(word) && !holds(place, image) && !image.absent.has(place)) return undefined;
  return `the image starts it in ${imageFolder}, where worker/${place} is ${place}`;
}

/** The problem of a path that is right in the folder of the evaluations and wrong in the one above. */
function folderReason(word: string, { files }: ImageEvaluations): string | undefined {
  const place = `evaluations/${word.replace(/^\.\//, "")}`;
  return files.has(place) && word.includes(".")
    ? `the image starts it in ${imageFolder}, where this file is ${place}`
    : undefined;
}

/** The problem of a script of Node.js outside of the evaluations. */
function scriptReason(words: readonly string[]): string | undefined {
  const [first] = words;
  // After an option a word may be its value.
  if (first === undefined || first.startsWith("-") || words.some(isEvalOption)) return undefined;
  const place = placeOf(first);
  if (place.startsWith("evaluations/") || place.startsWith("dist/")) return undefined;
  return `the image does not hold ${first}; put it into worker/evaluations and name it evaluations/${posix.basename(first)}`;
}

/** Whether a place is a file or a folder. Node.js finds a script without its ending, too. */
function holds(place: string, image: ImageEvaluations): boolean {
  return image.files.has(place) || image.files.has(`${place}.js`) || isFolder(place, image);
}

function isFolder(place: string, { files }: ImageEvaluations): boolean {
  return [...files.keys()].some((file) => file.startsWith(`${place}/`));
}

function missing(place: string, { files, absent }: ImageEvaluations): string {
  const reason = absent.get(place);
  if (reason !== undefined) return `${place} is not in the image: ${reason}`;
  const names = [...files.keys()];
  const known =
    names.length === 0
      ? "has no programs yet"
      : `has ${names.slice(0, 5).join(", ")}${names.length > 5 ? " and more" : ""}`;
  return `${place} is not in the image, which ${known}; put the file into worker/evaluations`;
}

/** The value of `--weights=model.bin`; any other word itself. */
function valueIn(word: string): string {
  return word.startsWith("-") ? word.slice(word.indexOf("=") + 1) : word;
}

/** Blanks may come before the interpreter, and options after it. */
function interpreterOf(shebang: string): string | undefined {
  return shebang.slice(2).trim().split(/\s/)[0];
}

function isNode(program: string): boolean {
  return program === "node" || program === nodePath;
}

/** A path below the folder in which the image starts commands; an absolute path if it leads out of it. */
function placeOf(word: string): string {
  const absolute = posix.resolve(imageFolder, word);
  return absolute.startsWith(`${imageFolder}/`) ? absolute.slice(imageFolder.length + 1) : absolute;
}
