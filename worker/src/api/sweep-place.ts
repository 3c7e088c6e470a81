import { sweepNameSchema } from "./sweeps.ts";

/** The name in the API of a sweep whose results lie at a path below the root of all results. */
export function sweepNameOf(path: string): string {
  return path.replaceAll("/", ":");
}

/** The place of a sweep's results, or undefined if the name is none: it then never reaches a store. */
export function sweepPlace(root: string, name: string): string | undefined {
  if (!sweepNameSchema.safeParse(name).success) return undefined;
  return `${root.replace(/\/+$/, "")}/${name.replaceAll(":", "/")}`;
}
