import { readFileSync } from "node:fs";
import { join } from "node:path";
import { reference } from "../../tools/reference/reference.ts";

test("docs/reference.md is up to date: if not, run npm run docs", () => {
  expect(readFileSync(join(__dirname, "../../docs/reference.md"), "utf8")).toBe(reference());
});
