import { createHash, type Hash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, parse } from "node:path";
import { throwIfAny } from "../support/problems.ts";
import { linkProblems } from "./image-links.ts";

/**
 * Sources of the worker's image, beside its dependencies. `worker/Dockerfile.dockerignore` lets them through, apart from itself and
 * the Dockerfile.
 */
export const imageSources = [
  ".npmrc",
  "tsconfig.json",
  "worker/Dockerfile",
  "worker/Dockerfile.dockerignore",
  "worker/build.mjs",
  "worker/package.json",
  "worker/tsconfig.json",
  "worker/src",
  "worker/page",
  "worker/evaluations",
] as const;
/** Its folder of evaluations, of which a job runs one. */
const evaluationsFolder = "worker/evaluations";
/** Its folder of the page, which no job shows. */
const pageFolder = "worker/page";

/**
 * A hash of the image's exact content: the sources as git keeps them, which is their bytes, their paths and whether they are
 * executable; the locked versions of the worker's dependencies; and the arguments of the build. The whole lock file does not count,
 * since a new version of a test library must not build an image. Nor do times and other permissions, which the Dockerfile sets alike
 * for every checkout.
 *
 * @param directory the repository.
 * @param buildArguments values for `docker buildx build --build-arg`.
 * @throws InvalidConfigurationError if a source is a link that the build cannot follow.
 */
export function imageContentHash(directory: string, buildArguments: Readonly<Record<string, string>>): string {
  return contentHash(directory, imageSources, buildArguments);
}

/**
 * The same hash without the evaluations and the page: everything that all jobs have in common. A package that only one evaluation or the
 * page imports counts too, since the list of packages is the worker's.
 */
export function workerContentHash(directory: string, buildArguments: Readonly<Record<string, string>>): string {
  const sources = imageSources.filter((source) => source !== evaluationsFolder && source !== pageFolder);
  return contentHash(directory, sources, buildArguments);
}

function contentHash(
  directory: string,
  sources: readonly string[],
  buildArguments: Readonly<Record<string, string>>,
): string {
  const hash = createHash("sha256");
  throwIfAny(
    "worker image",
    sources.flatMap((source) => linkProblems(directory, source, isContent)),
  );
  for (const source of sources) addFile(hash, directory, source, executableMark);
  const lock = JSON.parse(readFileSync(join(directory, "package-lock.json"), "utf8"));
  hash.update(JSON.stringify(lockedDependencies(lock.packages, "worker")));
  hash.update(JSON.stringify(Object.entries(buildArguments).sort()));
  return hash.digest("hex");
}

/**
 * Whether a file in a folder counts. Files whose names begin with a dot or end with `~` or `.log` belong to an editor, the system or a
 * run, and Python writes `__pycache__` with times in it. The build sees none of them.
 */
export function isContent(name: string): boolean {
  return !/^\.|~$|\.log$|^__pycache__$/.test(name);
}

/** Of all permissions, git keeps only whether the owner may execute a file. */
function executableMark(mode: number): string {
  return (mode & 0o100) === 0 ? "" : "x";
}

/** @param mark text for a file's permissions. @default they do not count */
function addFile(hash: Hash, directory: string, path: string, mark: (mode: number) => string = () => ""): void {
  const absolute = join(directory, path);
  const stats = statSync(absolute);
  if (stats.isDirectory()) {
    for (const name of readdirSync(absolute).filter(isContent).sort())
      addFile(hash, directory, `${path}/${name}`, mark);
    return;
  }
  const content = readFileSync(absolute);
  // With the length, so that no two lists of files have the same bytes.
  hash.update(`${path}\0${content.length}${mark(stats.mode)}\0`).update(content);
}

/**
 * A hash of a program in another language: its command line, and everything in `worker/evaluations` that the command line mentions, by
 * its path or its name without ending, such as `python3 -m evaluations.detect`. A mention too many costs a new run; a file too few would
 * continue a run that another program has begun, which the worker refuses on a paid machine.
 *
 * @param image the image that the program runs on.
 */
export function commandContentHash(directory: string, command: string, image: string | undefined): string {
  const hash = createHash("sha256").update(JSON.stringify([command, image]));
  for (const name of evaluationEntries(directory)) {
    if (mentions(command, name)) addFile(hash, directory, `${evaluationsFolder}/${name}`);
  }
  return hash.digest("hex");
}

/**
 * A hash of the files in `worker/evaluations` that a program may read while it runs: those that it mentions, those that these mention,
 * and so on. A name without its ending is a mention, because Python imports modules so. A mention too many replaces a Job in vain. A
 * file that a program finds without its name, for example in a listing of its folder, is missing here: its Job keeps the image that it
 * was made with, also with another `restart`. A comment in the program that names the file is a mention, too.
 *
 * @param isMentioned tells whether the program itself, a command line or a bundle, mentions an entry of the folder.
 */
export function mentionedContentHash(directory: string, isMentioned: (name: string) => boolean): string {
  const entries = evaluationEntries(directory);
  const found = new Set(entries.filter(isMentioned));
  for (const mentioned of found) {
    const text = textOf(join(directory, evaluationsFolder, mentioned));
    for (const name of entries) if (mentions(text, name)) found.add(name);
  }
  const hash = createHash("sha256");
  for (const name of [...found].sort()) addFile(hash, directory, `${evaluationsFolder}/${name}`, executableMark);
  return hash.digest("hex");
}

/** Whether a text holds the name of a file without its ending as a whole word: `typing` does not mention `pi.py`. */
export function mentions(text: string, name: string): boolean {
  const word = parse(name).name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<!\\w)${word}(?!\\w)`).test(text);
}

/** Files and folders in `worker/evaluations`, in a fixed order. */
function evaluationEntries(directory: string): string[] {
  return readdirSync(join(directory, evaluationsFolder)).filter(isContent).sort();
}

/** All text of a file, or of all files in a folder. Bytes of another encoding are kept apart, so that names are found in programs too. */
function textOf(path: string): string {
  if (!statSync(path).isDirectory()) return readFileSync(path, "latin1");
  return readdirSync(path)
    .filter(isContent)
    .map((name) => textOf(join(path, name)))
    .join("\n");
}

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/**
 * Version and integrity of every package that a workspace needs, directly or not, by its place in `node_modules`.
 *
 * @param packages `packages` of a package-lock.json of version 3.
 * @see https://docs.npmjs.com/cli/configuring-npm/package-lock-json#packages
 */
export function lockedDependencies(
  packages: Readonly<Record<string, LockedPackage>>,
  workspace: string,
): Record<string, string> {
  const found: Record<string, string> = {};
  const pending = [workspace];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    const { dependencies, optionalDependencies, devDependencies } = packages[place] ?? {};
    // The build bundles libraries, which are therefore development dependencies of the workspace. Those of a library are not installed.
    const bundled = place === workspace ? devDependencies : {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...bundled })) {
      const dependency = placeOf(name, place, packages);
      if (dependency === undefined || dependency in found) continue;
      const { version, integrity } = packages[dependency] ?? {};
      found[dependency] = `${version} ${integrity}`;
      pending.push(dependency);
    }
  }
  return Object.fromEntries(Object.entries(found).sort());
}

/** Where Node.js finds a package: in the nearest `node_modules` upwards. An optional package may be missing. */
function placeOf(name: string, from: string, packages: Readonly<Record<string, unknown>>): string | undefined {
  for (let folder = from; ; ) {
    const place = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (place in packages) return place;
    if (folder === "") return undefined;
    const above = folder.lastIndexOf("/node_modules/");
    folder = above === -1 ? "" : folder.slice(0, above);
  }
}
