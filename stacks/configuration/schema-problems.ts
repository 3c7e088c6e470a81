import { z } from "zod";
import { oneOf, type Problem, show } from "../../constructs/support/problems.ts";

/**
 * What is wrong with the shape of a value: missing and unknown fields, wrong types, words that are not in a list. A field
 * may say in its `meta` what is `allowed` and how to `fix` it.
 */
export function schemaProblems(schema: z.ZodType, input: unknown): Problem[] {
  const result = schema.safeParse(input);
  return result.success ? [] : result.error.issues.flatMap((issue) => problemsOfIssue(schema, input, issue));
}

function problemsOfIssue(schema: z.ZodType, input: unknown, issue: z.core.$ZodIssue): Problem[] {
  const { path } = issue;
  const field = fieldAt(schema, path);
  const value = valueAt(input, path);
  const got = show(value);
  if (issue.code === "unrecognized_keys") {
    const allowed = oneOf(knownKeys(field));
    return issue.keys.map((key) => {
      const found = show(valueAt(value, [key]));
      return {
        path: [...path, key],
        what: "is not a field",
        got: found,
        allowed,
        fix: "remove it or correct its name",
      };
    });
  }
  const missing = value === undefined;
  if (issue.code === "invalid_value") {
    const what = missing ? "is missing" : "is not one of the words known here";
    return [{ path, what, got, allowed: oneOf(issue.values.map(show)), fix: "use one of these" }];
  }
  const hints = hintsOf(field);
  const allowed = hints.allowed ?? typeName(field, issue);
  const fix = hints.fix ?? (missing ? "add it" : `make it ${allowed}`);
  return [{ path, what: missing ? "is missing" : "is of the wrong type", got, allowed, fix }];
}

function typeName(field: z.ZodType | undefined, issue: z.core.$ZodIssue): string {
  const keys = knownKeys(field);
  if (keys.length > 0) return `an object with ${oneOf(keys)}`;
  const names: Readonly<Record<string, string>> = {
    string: "a text",
    number: "a number",
    boolean: "true or false",
    array: "a list",
    object: "an object",
    record: "an object",
  };
  return issue.code === "invalid_type" ? (names[issue.expected] ?? issue.expected) : issue.message;
}

/** The schema that stands where an issue points to. */
function fieldAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  return path.reduce<z.ZodType | undefined>((field, key) => {
    const whole = field && unwrapped(field);
    if (whole instanceof z.ZodObject) return whole.shape[String(key)] as z.ZodType | undefined;
    if (whole instanceof z.ZodRecord) return whole.valueType as z.ZodType;
    if (whole instanceof z.ZodArray) return whole.element as z.ZodType;
    return undefined;
  }, schema);
}

/** The hints of the outermost wrapper that has any. */
function hintsOf(field: z.ZodType | undefined): { allowed?: string; fix?: string } {
  if (field === undefined) return {};
  const hints = field.meta();
  if (hints !== undefined) return hints as { allowed?: string; fix?: string };
  return isWrapper(field) ? hintsOf(field.unwrap() as z.ZodType) : {};
}

function unwrapped(field: z.ZodType): z.ZodType {
  return isWrapper(field) ? unwrapped(field.unwrap() as z.ZodType) : field;
}

function isWrapper(field: z.ZodType): field is z.ZodOptional | z.ZodReadonly {
  return field instanceof z.ZodOptional || field instanceof z.ZodReadonly;
}

function knownKeys(field: z.ZodType | undefined): string[] {
  const whole = field && unwrapped(field);
  if (whole instanceof z.ZodObject) return Object.keys(whole.shape);
  return whole instanceof z.ZodRecord && whole.keyType instanceof z.ZodEnum ? whole.keyType.options.map(String) : [];
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], input);
}
