import { PermanentError } from "./errors.ts";
import { formatCount } from "./format.ts";

/** One value that must change, found in what a user wrote. {@link describeProblem} makes a sentence of it. */
export interface Problem {
  /** Where the value stands, for example `["nodePools", "gpu", "taints", 0, "key"]`. */
  readonly path: readonly PropertyKey[];
  /** Completes "<path> must be ...", for example `a whole number from 1 to 100,000`. */
  readonly allowed: string;
  /** The value found, as {@link show} writes it. */
  readonly got: string;
  /** What to do, in the imperative; a reason may stand before it. */
  readonly fix: string;
}

/** `<path> must be <allowed>, got <got>: <what to do>`, the one form of every error about a value. */
export function describeProblem({ path, allowed, got, fix }: Problem): string {
  return `${showPath(path)} must be ${allowed}, got ${got}: ${fix}`;
}

/** @throws PermanentError with one line for each problem. */
export function throwIfWrong(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new PermanentError(problems.map(describeProblem).join("\n"));
}

/** The problems of a part, seen from the whole: each path gets the prefix. */
export function within(prefix: readonly PropertyKey[], problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({ ...problem, path: [...prefix, ...problem.path] }));
}

/** Characters of a value or a key that an error shows: more would push the rest of the error off the screen. */
const MOST_SHOWN = 1000;

/** A value as a user would write it. An absent value is `nothing`. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  // JSON has neither NaN, nor Infinity, nor -0, nor BigInt.
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "bigint") return `${value}n`;
  try {
    if (typeof value === "function" || typeof value === "symbol") return shortened(String(value));
    return shortened(JSON.stringify(value, withoutForeignValues) ?? String(value));
  } catch (error) {
    const isCircle = error instanceof TypeError && error.message.includes("circular");
    return isCircle ? "a value that contains itself" : "a value that cannot be read";
  }
}

function withoutForeignValues(_key: string, value: unknown): unknown {
  const isForeign = ["bigint", "function", "symbol"].includes(typeof value) || Object.is(value, -0);
  return isForeign || (typeof value === "number" && !Number.isFinite(value)) ? show(value) : value;
}

function shortened(text: string): string {
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}… (${formatCount(text.length)} characters)`;
}

/** Words joined for a sentence: `a, b or c`. */
export function oneOf(values: readonly string[]): string {
  return values.length < 2 ? values.join("") : `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
}

/** The duplicated values, without repetition. */
export function duplicatesIn(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

/** `nodePools.gpu.taints[0].key`. An empty path is the whole value. */
export function showPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the value";
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    if (!/^[\w-]{1,256}$/.test(String(key))) return `${text}[${show(String(key))}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}
