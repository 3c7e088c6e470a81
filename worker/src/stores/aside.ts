import { randomUUID } from "node:crypto";

/**
 * The place of a file's new content until it is whole. A number of a process would not do: two containers that share a directory
 * may both have it, and each would cut the other's file.
 */
export function asideOf(path: string): string {
  return `${path}.${randomUUID().slice(0, 8)}`;
}
