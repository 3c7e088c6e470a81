import { readFileSync } from "node:fs";
import { join } from "node:path";
import { scripts as scriptsOf } from "../../package.json";
import { environmentSchema } from "../../stacks/configuration/schema.ts";
import { commandReference } from "../../tools/reference/commands.ts";
import { objectsIn, parts, reference } from "../../tools/reference/reference.ts";

const text = reference();
const commands = commandReference();
const rows = text.split("\n").filter((line) => /^\| [`\d]/.test(line));

test("docs/reference.md is up to date: if not, run npm run docs", () => {
  expect(readFileSync(join(__dirname, "../../docs/reference.md"), "utf8")).toBe(text);
});

test("every part of an environment has a table", () => {
  expect(parts.map(({ path }) => path)).toEqual([...objectsIn(environmentSchema).keys()]);
});

test("every row says what is allowed and what it means", () => {
  expect(rows.length).toBeGreaterThan(100);
  const cells = rows.map((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim()));
  expect(cells.filter((row) => (row.at(-2)?.length ?? 0) < 8).map(([, name]) => name)).toEqual([]);
  // Exit codes have three columns, and nothing that is allowed.
  expect(cells.filter((row) => row.length > 5 && row.at(-4) === "").map(([, name]) => name)).toEqual([]);
});

test("docs/commands.md is up to date: if not, run npm run docs", () => {
  expect(readFileSync(join(__dirname, "../../docs/commands.md"), "utf8")).toBe(commands);
});

test("docs/commands.md has every command that package.json starts for a user", () => {
  const scripts = Object.entries(scriptsOf).filter(([, script]) => /tools\/[\w-]+\/[\w-]+\.ts/.test(script));
  const names = scripts.map(([name]) => `npm run ${name}`).filter((name) => name !== "npm run docs");
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !commands.includes(`\n### ${name}\n`))).toEqual([]);
});
