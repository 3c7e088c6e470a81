import { sweepNameSchema } from "./sweeps.ts";

/** The name in the API of a sweep whose results lie at a path below the root of all results. */
export function sweepNameOf(path: string): string {
  return path.replaceAll("/", ":");
}

/** The path of a sweep's results below the root, or undefined if the name is none: it then never reaches a store. */
export function sweepFolder(name: string): string | undefined {
  return sweepNameSchema.safeParse(name).success ? name.replaceAll(":", "/") : undefined;
}

/** The place of a sweep's results, or undefined if the name is none. */
export function sweepPlace(root: string, name: string): string | undefined {
  const folder = sweepFolder(name);
  return folder === undefined ? undefined : `${root.replace(/\/+$/, "")}/${folder}`;
}
