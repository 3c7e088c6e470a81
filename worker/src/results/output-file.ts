import { accessSync, constants, realpathSync, rmSync, type Stats, statSync } from "node:fs";
import { rename } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { explainFileError } from "../contract/errors.ts";
import { shellWord } from "../contract/format.ts";
import { type Problem, show } from "../contract/problems.ts";
import { asideOf } from "../stores/aside.ts";

/**
 * The problems of a path to which a program writes a file, found before it works for it: a folder that is missing or may not be written,
 * and a file that is there already.
 *
 * @param name what errors call the path.
 * @param isReplaceable whether a file that is there may be replaced.
 */
export function problemsOfOutput(name: string, path: string, isReplaceable: (path: string) => boolean): Problem[] {
  const folder = dirname(resolve(path));
  const problem = (allowed: string, fix: string): Problem[] => [{ path: [name], allowed, got: show(path), fix }];
  const ofFolder = statOf(folder);
  if (ofFolder === undefined) {
    return problem("a file in a folder that exists", `create it first: mkdir -p ${shellWord(folder)}`);
  }
  if (!ofFolder.isDirectory()) return problem("a file in a folder", `${folder} is a file; name another place`);
  const found = statOf(path);
  if (found?.isDirectory() || /[\\/]$/.test(path)) {
    return problem("a file", `it is a folder; name a file in it, for example ${join(path, "results.csv")}`);
  }
  if (found !== undefined && !found.isFile())
    return problem("a file", "it is a device or a pipe; for standard output use -");
  if (found !== undefined && !isReplaceable(path)) {
    return problem("a file that does not exist yet", "name another one, or replace it with --force");
  }
  try {
    accessSync(folder, constants.W_OK);
    return [];
  } catch {
    return problem("a file in a folder that may be written", "name another place, or change the folder's permissions");
  }
}

/**
 * Writes a file aside, and gives it its name when it is whole. An error, a signal that ends this process and a process that exits leave
 * nothing behind, and a file of that name stays until then.
 *
 * @returns the bytes of the file that was replaced; undefined if there was none.
 */
export async function writeWhole<T>(
  path: string,
  write: (aside: string) => Promise<T>,
): Promise<{ readonly written: T; readonly replacedBytes: number | undefined }> {
  const target = targetOf(path);
  const aside = asideOf(target);
  const remove = () => rmSync(aside, { force: true });
  process.once("exit", remove);
  try {
    const written = await write(aside);
    const replacedBytes = statOf(target)?.size;
    await rename(aside, target);
    return { written, replacedBytes };
  } catch (error) {
    remove();
    throw explainFileError(error, path);
  } finally {
    process.off("exit", remove);
  }
}

/** A link stays, and its target is replaced. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // There is nothing yet.
    return path;
  }
}

/** Undefined if there is nothing, or if nobody may look. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
