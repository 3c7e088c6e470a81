import { sweepFolder } from "../api/sweep-place.ts";
import { NotFoundError } from "./not-found.ts";

/** Whether a text can be the name of a sweep, or a part of one. */
export function isNameOfSweep(name: string): boolean {
  return sweepFolder(name) !== undefined;
}

/** The folder of a sweep below the place of all results. @throws NotFoundError if no sweep has such a name. */
export function folderOf(name: string): string {
  const folder = sweepFolder(name);
  if (folder === undefined) throw new NotFoundError(`${JSON.stringify(name)} is no name of a sweep`);
  return folder;
}
