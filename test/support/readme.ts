import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const repository = resolve(__dirname, "../..");
export const readme = readFileSync(join(repository, "README.md"), "utf8");

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

/** The block behind a sentence that ends like this. */
export function codeAfter(words: string): string {
  const start = readme.indexOf(words);
  const [block] = codeBlocks(readme.slice(start));
  if (start === -1 || block === undefined) throw new Error(`the README has no block behind "${words}"`);
  return block.code;
}

/** The first line of a block of commands that nobody can run without an account. */
const accountNeeded = "# AWS account needed";

/** The commands of all blocks for a shell, without comments, and whether an AWS account is needed for them. */
export function shellCommands(): { readonly command: string; readonly needsAccount: boolean }[] {
  return codeBlocks(readme)
    .filter(({ language }) => language === "sh")
    .flatMap(({ code }) => {
      const lines = code.split("\n").map((line) => line.replace(/(^| +)# .*$/, "").trim());
      const needsAccount = code.startsWith(`${accountNeeded}\n`);
      return lines.filter((line) => line !== "").map((command) => ({ command, needsAccount }));
    });
}
