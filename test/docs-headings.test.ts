import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./support/readme.ts";

const pages = ["", "docs"].flatMap((folder) =>
  readdirSync(join(repository, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);
const withoutCode = (path: string) => readFileSync(join(repository, path), "utf8").replace(/^```[\s\S]*?^```$/gm, "");

/** The name that GitHub gives a heading: its words in lower case, with hyphens between them. */
function anchorOf(heading: string): string {
  const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
  return words.replace(/[^\p{L}\p{N}_\- ]/gu, "").replaceAll(" ", "-");
}

const anchors = new Map(
  pages.map((path) => {
    const headings = [...withoutCode(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));
    return [path, new Set(headings)];
  }),
);

test.each(pages)("every heading that %s links to is there", (path) => {
  const links = [...withoutCode(path).matchAll(/\]\(([\w./-]*)#([\w-]+)\)/g)];
  const missing = links
    .map(([, page = "", anchor = ""]) => ({ page: page === "" ? path : join(path, "..", page), anchor }))
    .filter(({ page, anchor }) => anchors.get(page)?.has(anchor) !== true);
  expect(missing).toEqual([]);
});
