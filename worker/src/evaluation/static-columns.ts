import { type Expression, type Pattern, type Program, parse } from "acorn";
import { areColumnNames } from "../contract/columns.ts";
import { DEFAULT_COLUMNS } from "./module.ts";

/**
 * The columns of a bundle, read from its text: nothing of it runs. A server that has rights of its own may know them in this way only. Text
 * is a weaker proof than a run, so that workers compare them with the columns that the evaluation exports.
 *
 * @returns undefined unless the bundle exports none, or a list of names that is written out.
 */
export function staticColumns(bundle: string): readonly string[] | undefined {
  let program: Program;
  try {
    program = parse(bundle, { ecmaVersion: "latest", sourceType: "module" });
  } catch {
    return undefined;
  }
  const local = exportedAs(program, "columns");
  if (local === "nothing") return DEFAULT_COLUMNS;
  const value = local === undefined ? undefined : firstValue(program, local);
  if (value?.type !== "ArrayExpression") return undefined;
  const names = value.elements.map((element) => (element?.type === "Literal" ? element.value : undefined));
  return areColumnNames(names) ? (names as string[]) : undefined;
}

/** The variable that a module exports by a name, "nothing" if it exports no such name, or undefined if this cannot be told. */
function exportedAs({ body }: Program, name: string): string | undefined {
  for (const statement of body) {
    // Names from another module: a bundle imports those of Node.js only.
    if (statement.type === "ExportAllDeclaration") return undefined;
    if (statement.type !== "ExportNamedDeclaration") continue;
    for (const { exported, local } of statement.specifiers) {
      if (exported.type !== "Identifier" || exported.name !== name) continue;
      return statement.source === null && local.type === "Identifier" ? local.name : undefined;
    }
    if (statement.declaration?.type === "VariableDeclaration") {
      const names = statement.declaration.declarations.map(({ id }) => nameOf(id));
      if (names.includes(name)) return name;
      if (names.includes(undefined)) return undefined;
    }
  }
  return "nothing";
}

/** The first value of a variable at the top of a module. */
function firstValue({ body }: Program, name: string): Expression | null | undefined {
  for (const statement of body) {
    const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (declaration?.type !== "VariableDeclaration") continue;
    for (const { id, init } of declaration.declarations) if (nameOf(id) === name) return init;
  }
  return undefined;
}

function nameOf(pattern: Pattern): string | undefined {
  return pattern.type === "Identifier" ? pattern.name : undefined;
}
