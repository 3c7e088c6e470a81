import { PermanentError } from "./errors.ts";
import { describeProblem, show } from "./problems.ts";

const COLUMN_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
/** Names that exports and the answers of programs use for something else. */
const RESERVED_NAMES = ["parameter", "error", "__proto__"];

/** Completes "<path> must be ...", for names that {@link areColumnNames} refuses. */
export const ALLOWED_COLUMN_NAMES = "a list of different names of letters, digits and _, without parameter and error";

/**
 * Whether names can be columns. A column is a property of a result and a file, so that names must also differ on file systems that
 * ignore case.
 */
export function areColumnNames(names: readonly unknown[]): boolean {
  const isName = (name: unknown) =>
    typeof name === "string" && COLUMN_NAME.test(name) && !RESERVED_NAMES.includes(name);
  // Only texts are compared: a module may export anything, and String() throws for an object without a prototype.
  return (
    names.length > 0 &&
    names.every(isName) &&
    new Set(names.map((name) => (name as string).toLowerCase())).size === names.length
  );
}

/** @throws PermanentError if the columns that a module exports cannot be the names of files and properties. */
export function checkColumnNames(columns: unknown): readonly string[] {
  if (Array.isArray(columns) && areColumnNames(columns)) return columns;
  const fix = 'export for example columns = ["steps", "peak"]';
  throw new PermanentError(
    describeProblem({ path: ["columns"], allowed: ALLOWED_COLUMN_NAMES, got: show(columns), fix }),
  );
}
