import { z } from "zod";
import { countNoun, formatCount } from "../contract/format.ts";
import { oneOf, type Problem, show } from "../contract/problems.ts";

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

/** A number in a query, such as `?cells=1024`. Other spellings of numbers (`1e3`, `0x10`, an empty text) are refused. */
export function wholeNumberInQuery(least: number, most: number, description: string) {
  const allowed = `a whole number from ${formatCount(least)} to ${formatCount(most)}`;
  const schema = z.string().transform((text, context) => {
    const value = Number(text);
    if (/^\d{1,16}$/.test(text) && value >= least && value <= most) return value;
    context.addIssue({ code: "custom", message: allowed });
    return z.NEVER;
  });
  // The document tells of the number, and not of the text that carries it.
  return schema.meta({ type: "integer", minimum: least, maximum: most, description });
}

/** Such a number that may be left out. */
export function withDefaultInQuery(schema: ReturnType<typeof wholeNumberInQuery>, byDefault: number) {
  return schema.prefault(String(byDefault)).meta({ default: byDefault });
}

/** The problems of a request's part, in the form that every error about a value has. */
export function problemsOfRequest(input: unknown, issues: readonly z.core.$ZodIssue[]): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(input, issue, []));
}

function problemsOfIssue(input: unknown, issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): Problem[] {
  const path = [...prefix, ...issue.path];
  const value = valueAt(input, path);
  if (issue.code === "invalid_union" && value !== undefined) {
    const nearest = nearestOption(issue.errors);
    if (nearest !== undefined) return nearest.flatMap((inner) => problemsOfIssue(input, inner, path));
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const got = show(valueAt(value, [key]));
      return { path: [...path, key], allowed: "left out", got, fix: "remove it, or correct its name" };
    });
  }
  const fix = value === undefined ? "add it" : issue.code === "invalid_value" ? "use one of these" : "correct it";
  return [{ path, allowed: allowedBy(issue), got: show(value), fix }];
}

/** The option of a union that the writer meant: the one with the fewest issues, and none of another type if possible. */
function nearestOption(options: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const distance = (issues: readonly z.core.$ZodIssue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? 2 * issue.keys.length : 1), 0);
  return [...options].sort((one, other) => distance(one) - distance(other))[0];
}

function allowedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "custom":
      return issue.message;
    case "invalid_type":
      return TYPE_NAMES[issue.expected] ?? `of the type ${issue.expected}`;
    case "invalid_union":
      return "an object";
    case "invalid_value":
      return oneOf(issue.values.map(show));
    case "invalid_format":
      return issue.pattern === undefined ? `in the form ${issue.format}` : `a text that matches ${issue.pattern}`;
    case "too_small":
      return sizeOf(issue.origin, issue.minimum, "or more");
    case "too_big":
      return sizeOf(issue.origin, issue.maximum, "or less");
    default:
      return `right (${issue.message})`;
  }
}

function sizeOf(origin: string, limit: number | bigint, direction: string): string {
  const count = formatCount(Number(limit));
  if (origin === "string") return `a text of ${countNoun(Number(limit), "character")} ${direction}`;
  return origin === "array" ? `a list of ${count} ${direction}` : `${count} ${direction}`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (Object.hasOwn(Object(value), key) ? (value as Record<PropertyKey, unknown>)[key] : undefined),
    input,
  );
}
