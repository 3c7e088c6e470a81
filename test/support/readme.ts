import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const repository = resolve(__dirname, "../..");
export const readme = page("README.md");

/** The text of a page by its path in the repository. */
export function page(path: string): string {
  return readFileSync(join(repository, path), "utf8");
}

/** A fenced block of a Markdown text. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

/** Every fenced block, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = "", code = ""]) => ({
    language,
    code,
  }));
}

/** The block behind a sentence of a page that ends like this. */
export function codeAfter(words: string, markdown = readme): string {
  const start = markdown.indexOf(words);
  const [block] = codeBlocks(markdown.slice(start));
  if (start === -1 || block === undefined) throw new Error(`the page has no block behind "${words}"`);
  return block.code;
}

/** The first line of a block of commands that nobody can run without an account. */
const accountNeeded = "# AWS account needed";

/** The commands of all blocks for a shell, without comments, and whether an AWS account is needed for them. */
export function shellCommands(markdown: string): { readonly command: string; readonly needsAccount: boolean }[] {
  return codeBlocks(markdown)
    .filter(({ language }) => language === "sh")
    .flatMap(({ code }) => {
      const lines = code.split("\n").map((line) => line.replace(/(^| +)# .*$/, "").trim());
      const needsAccount = code.startsWith(`${accountNeeded}\n`);
      return lines.filter((line) => line !== "").map((command) => ({ command, needsAccount }));
    });
}
