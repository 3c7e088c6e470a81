import { findEvaluation } from "../../worker/src/evaluation/source.ts";
import { staticColumns } from "../../worker/src/evaluation/static-columns.ts";
import { temporaryDirectory, writeEvaluation } from "../support/sweep.ts";

const directory = temporaryDirectory();
let modules = 0;

/** The columns of a module in TypeScript, read from its bundle. */
function columnsOf(source: string): readonly string[] | undefined {
  const { bundle } = findEvaluation(writeEvaluation(directory, `module-${modules++}`, source));
  return staticColumns(Buffer.from(bundle as Uint8Array).toString());
}

const evaluate = "export const evaluate = () => 1;";

test.each([
  ["a list", `export const columns = ["a", "b"]; ${evaluate}`],
  ["a list of a type", `export const columns = ["a", "b"] as const; ${evaluate}`],
  ["a list of another name", `const names = ["a", "b"]; export { names as columns }; ${evaluate}`],
  ["a variable", `export let columns: string[] = ["a", "b"]; ${evaluate}`],
])("reads %s", (_, source) => {
  expect(columnsOf(source)).toEqual(["a", "b"]);
});

test("reads a list of another module", () => {
  writeEvaluation(directory, "names", 'export const columns = ["a", "b"];');
  expect(columnsOf(`export { columns } from "./names"; ${evaluate}`)).toEqual(["a", "b"]);
  expect(
    columnsOf(`import { columns as names } from "./names"; export const columns = names; ${evaluate}`),
  ).toBeUndefined();
});

test("knows the column of a module that exports none", () => {
  expect(columnsOf(evaluate)).toEqual(["value"]);
  expect(columnsOf(`const columns = ["a"]; ${evaluate} export const last = columns;`)).toEqual(["value"]);
});

test.each([
  ["computed", `export const columns = ["a", "b"].map((name) => name + "x"); ${evaluate}`],
  ["with a computed name", `const one = String(process.pid); export const columns = ["a", one]; ${evaluate}`],
  ["with another list in it", `const some = ["a"]; export const columns = [...some, "b"]; ${evaluate}`],
  ["no names", `export const columns = ["a b"]; ${evaluate}`],
  ["no list", `export const columns = "a"; ${evaluate}`],
  ["a function", `export function columns() {} ${evaluate}`],
  ["part of another value", `export const { columns } = { columns: ["a"] }; ${evaluate}`],
])("does not guess columns that are %s", (_, source) => {
  expect(columnsOf(source)).toBeUndefined();
});

test("does not run the module, and takes no text for one", () => {
  expect(staticColumns("throw new Error('was run'); export const columns = ['a'];")).toEqual(["a"]);
  expect(staticColumns("export const columns = [")).toBeUndefined();
});
