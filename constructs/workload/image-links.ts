import { type Dirent, lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, sep } from "node:path";
import { type Problem, show } from "../support/problems.ts";

/**
 * The problems of links in a source of the worker's image. The build follows a link, and sees only the sources: a link that leads out
 * of its source, to a file that does not count, or to nothing would fail there with a message of `cp`. Links to folders are refused too,
 * because they can form a circle.
 *
 * @param directory the repository.
 * @param source a file or a folder in it.
 * @param isContent whether a name in a folder counts.
 */
export function linkProblems(directory: string, source: string, isContent: (name: string) => boolean): Problem[] {
  const root = join(directory, source);
  if (lstatSync(root).isSymbolicLink()) return [problemOf(source, root, `${source} itself, and no link`)];
  if (!statSync(root).isDirectory()) return [];
  const inside = realpathSync(root) + sep;
  return linksIn(root, isContent)
    .filter((link) => !leadsToFileIn(inside, link, isContent))
    .map((link) => problemOf(source + link.slice(root.length), link, `a relative link to a file in ${source}`));
}

function linksIn(folder: string, isContent: (name: string) => boolean): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => isContent(name));
  return entries.sort(byName).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) return [path];
    return entry.isDirectory() ? linksIn(path, isContent) : [];
  });
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}

function leadsToFileIn(folder: string, link: string, isContent: (name: string) => boolean): boolean {
  if (isAbsolute(readlinkSync(link))) return false;
  if (statSync(link, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const target = realpathSync(link);
  return target.startsWith(folder) && target.slice(folder.length).split(sep).every(isContent);
}

function problemOf(path: string, link: string, allowed: string): Problem {
  const got = `a link to ${show(readlinkSync(link))}`;
  return { path: ["files", path], allowed, got, fix: "put a copy of the file in its place, or remove the link" };
}
