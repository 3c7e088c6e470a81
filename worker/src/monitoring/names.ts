import { sweepNameSchema } from "../api/sweeps.ts";
import { NotFoundError } from "./not-found.ts";

/** Whether a text can be the name of a sweep, or a part of one. */
export function isNameOfSweep(name: string): boolean {
  return sweepNameSchema.safeParse(name).success;
}

/** The folder of a sweep below the place of all results. @throws NotFoundError if no sweep has such a name. */
export function folderOf(name: string): string {
  if (!isNameOfSweep(name)) throw new NotFoundError(`${JSON.stringify(name)} is no name of a sweep`);
  return name.replaceAll(":", "/");
}
