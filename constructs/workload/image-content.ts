import { createHash, type Hash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** What the worker's image is made of, beside the dependencies; `worker/Dockerfile.dockerignore` lets these through. */
export const imageSources = [
  "tsconfig.json",
  "worker/Dockerfile",
  "worker/build.mjs",
  "worker/package.json",
  "worker/tsconfig.json",
  "worker/src",
  "worker/evaluations",
] as const;

/**
 * A hash of exactly what goes into the image: the sources byte for byte, the locked versions of the worker's dependencies,
 * and the arguments of the build. Not the whole lock file, since a new version of a test library must neither build an
 * image nor start a sweep anew; and no times or permissions, which a clone does not keep.
 *
 * @param directory the repository.
 * @param buildArguments what `docker buildx build --build-arg` gets.
 */
export function imageContentHash(directory: string, buildArguments: Readonly<Record<string, string>>): string {
  const hash = createHash("sha256");
  for (const source of imageSources) addFile(hash, directory, source);
  const lock = JSON.parse(readFileSync(join(directory, "package-lock.json"), "utf8"));
  hash.update(JSON.stringify(lockedDependencies(lock.packages, "worker")));
  hash.update(JSON.stringify(Object.entries(buildArguments).sort()));
  return hash.digest("hex");
}

/** Files whose names begin with a dot are the editor's or the system's, and the build does not see them. */
function addFile(hash: Hash, directory: string, path: string): void {
  const absolute = join(directory, path);
  if (statSync(absolute).isDirectory()) {
    const names = readdirSync(absolute).filter((name) => !name.startsWith("."));
    for (const name of names.sort()) addFile(hash, directory, `${path}/${name}`);
    return;
  }
  const content = readFileSync(absolute);
  // With the length, so that no two lists of files have the same bytes.
  hash.update(`${path}\0${content.length}\0`).update(content);
}

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
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
    const { dependencies, optionalDependencies } = packages[place] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const dependency = placeOf(name, place, packages);
      if (dependency === undefined || dependency in found) continue;
      const { version, integrity } = packages[dependency] ?? {};
      found[dependency] = `${version} ${integrity}`;
      pending.push(dependency);
    }
  }
  return Object.fromEntries(Object.entries(found).sort());
}

/** Where Node.js finds a package from: the nearest `node_modules` upwards. An optional one may be nowhere. */
function placeOf(name: string, from: string, packages: Readonly<Record<string, unknown>>): string | undefined {
  for (let folder = from; ; ) {
    const place = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (place in packages) return place;
    if (folder === "") return undefined;
    const above = folder.lastIndexOf("/node_modules/");
    folder = above === -1 ? "" : folder.slice(0, above);
  }
}
