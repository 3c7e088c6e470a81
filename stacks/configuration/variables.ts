import { distance } from "fastest-levenshtein";
import { oneOf, type Problem } from "../../constructs/support/problems.ts";

/** Environment variables of a process. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The variables that an environment has: the ending of each, and the path of the field that it replaces. */
export const variableFields = {
  ACCOUNT_ID: "accountId",
  ADMINISTRATORS: "cluster.administrators",
  PUBLIC_ACCESS_CIDRS: "cluster.endpointPublicAccessCidrs",
} as const;
/** Endings of the variables that an environment has. */
export const variableSettings = Object.keys(variableFields);

/** Most letters that two names differ in when one of them is probably a misspelling of the other. */
const likelySlip = 2;

/** Prefix of the environment variables of an environment, for example `PLATFORM_DEV`. */
export function variablePrefix(name: string): string {
  return `PLATFORM_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
}

/**
 * The problems of variables that are meant for one of the environments, and that nothing reads. Others may belong to an environment
 * that another branch adds, or to another program.
 */
export function variableProblems(names: readonly string[], variables: Variables): Problem[] {
  const known = names.flatMap((name) => variableSettings.map((setting) => `${variablePrefix(name)}_${setting}`));
  return Object.keys(variables).flatMap((variable): Problem[] => {
    if (!isOurs(variable) || variables[variable] === undefined || known.includes(variable)) return [];
    const [nearest = ""] = [...known].sort((a, b) => slips(variable, a) - slips(variable, b));
    if (!isMeantFor(variable, names) && !isLike(variable, nearest)) return [];
    const fix = `rename it, for example to ${nearest}, or unset it`;
    return [{ path: [variable], allowed: oneOf(known), got: "a variable that nothing reads", fix }];
  });
}

/** Whether a variable begins as all of the platform's do, or nearly so. */
function isOurs(variable: string): boolean {
  const beginning = "PLATFORM_";
  return slips(variable.slice(0, beginning.length), beginning) <= likelySlip;
}

/** Whether a variable begins with the prefix of an environment, and does not end as one of another environment would. */
function isMeantFor(variable: string, names: readonly string[]): boolean {
  const upper = variable.toUpperCase();
  const prefixes = names.map((name) => `${variablePrefix(name)}_`).filter((prefix) => upper.startsWith(prefix));
  return prefixes.some(
    (prefix) => !variableSettings.some((setting) => upper.slice(prefix.length).endsWith(`_${setting}`)),
  );
}

/** Whether a variable is a misspelling of a known one. `DEV2` beside `DEV` is another environment. */
function isLike(variable: string, known: string): boolean {
  const withoutNumbers = (text: string) => text.toUpperCase().replace(/_?\d+/g, "");
  const isNumbered = variable !== known && withoutNumbers(variable) === withoutNumbers(known) && /\d/.test(variable);
  return !isNumbered && slips(variable, known) <= likelySlip;
}

/** Letters that differ. Letters in another order count once, and a hyphen or a dot in the place of _ not at all. */
function slips(variable: string, known: string): number {
  const sorted = (text: string) => [...text].sort().join("");
  const upper = variable.toUpperCase().replace(/[-.]/g, "_");
  return upper !== known && sorted(upper) === sorted(known) ? 1 : distance(upper, known);
}
