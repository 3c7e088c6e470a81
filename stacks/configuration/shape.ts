import { factsOf } from "sweep-worker/contract";
import { z } from "zod";
import { oneOf, type Problem, show } from "../../constructs/support/problems.ts";
import { Malformed } from "./malformed.ts";
import { plainOf } from "./plain.ts";
import { unwrapped } from "./schema-fields.ts";

type Schema = z.core.$ZodType;

/** The input of a user, made complete so that checks can look at each field whatever is wrong with the others. */
export interface Shape<T> {
  /** The input without unknown fields. Optional fields that are malformed are left out, and required ones have a stand-in. */
  readonly value: T;
  /** Missing and unknown fields, wrong types, and words that are not in a list. */
  readonly problems: readonly Problem[];
  /** The places of stand-ins and of fields that were left out. */
  readonly malformed: Malformed;
}

/**
 * Compares an input with a schema. The `meta` of a field may hold the texts `allowed` and `fix` for its problems.
 * @param override changes the input after it was read and before it is compared.
 */
export function shapeOf<T>(
  schema: z.core.$ZodType<T>,
  written: unknown,
  override: (input: unknown) => unknown = (input) => input,
): Shape<T> {
  const plain = plainOf(schema, written);
  const input = override(plain.value);
  const unreadable = new Malformed(plain.problems.map(({ path }) => path));
  const result = z.safeParse(schema, input, { error: withoutLooking });
  const issues = (result.error?.issues ?? []).filter(({ path }) => !unreadable.in(...path).whole);
  const malformed = issues.filter(({ code }) => code !== "unrecognized_keys").map(({ path }) => path);
  return {
    value: result.success ? result.data : (completed(schema, input) as T),
    problems: [...plain.problems, ...issues.flatMap((issue) => problemsOfIssue(schema, input, issue))],
    malformed: new Malformed([...plain.problems.map(({ path }) => path), ...malformed]),
  };
}

/** Errors have a text of their own here, and zod's would ask a value for its class, which a proxy can refuse. */
function withoutLooking({ code }: { readonly code?: string | undefined }): string | undefined {
  return code === "invalid_type" ? "of another type" : undefined;
}

function completed(schema: Schema, input: unknown): unknown {
  if (z.safeParse(schema, input).success) return input;
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray && Array.isArray(input)) {
    return input.map((element) => completed(inner.element, element));
  }
  if (inner instanceof z.ZodObject && isObject(input)) return completedFields(inner, input);
  if (inner instanceof z.ZodRecord && isObject(input)) {
    const known = Object.entries(input).filter(([key]) => z.safeParse(inner.keyType, key).success);
    return withoutUndefined(known.map(([key, value]) => [key, completed(inner.valueType, value)]));
  }
  return z.safeParse(schema, undefined).success ? undefined : standIn(inner);
}

function completedFields(schema: z.ZodObject, input: Readonly<Record<string, unknown>>): unknown {
  const fields = Object.entries(schema.shape);
  return withoutUndefined(fields.map(([key, field]) => [key, completed(field, input[key])]));
}

function withoutUndefined(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Any value of the type that a schema asks for. Nothing is reported of it. */
function standIn(schema: Schema): unknown {
  if (schema instanceof z.ZodObject) return completedFields(schema, {});
  if (schema instanceof z.ZodArray) return [];
  if (schema instanceof z.ZodRecord) return {};
  if (schema instanceof z.ZodEnum) return schema.options[0];
  if (schema instanceof z.ZodNumber) return 1;
  if (schema instanceof z.ZodBoolean) return false;
  return "";
}

function problemsOfIssue(schema: Schema, input: unknown, issue: z.core.$ZodIssue): Problem[] {
  const { path } = issue;
  const field = fieldAt(schema, path);
  const value = valueAt(input, path);
  if (issue.code === "unrecognized_keys") {
    const fix = `remove it, or rename it to ${oneOf(knownKeys(field))}`;
    return issue.keys.map((key) => {
      return { path: [...path, key], allowed: "left out", got: show(valueAt(value, [key])), fix };
    });
  }
  const { allowed = allowedBy(field, issue), fix: ownFix } = field === undefined ? {} : factsOf(field);
  const fix = ownFix ?? (issue.code === "invalid_value" ? "use one of these" : "correct its type");
  return [{ path, allowed, got: show(value), fix: value === undefined && ownFix === undefined ? "add it" : fix }];
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

function allowedBy(field: Schema | undefined, issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value") return oneOf(issue.values.map(show));
  const keys = knownKeys(field);
  if (keys.length > 0) return `an object with ${oneOf(keys)}`;
  return issue.code === "invalid_type" ? (typeNames[issue.expected] ?? issue.expected) : issue.message;
}

/** The schema of the field that an issue points to. */
function fieldAt(schema: Schema, path: readonly PropertyKey[]): Schema | undefined {
  return path.reduce<Schema | undefined>((field, key) => {
    const whole = field && unwrapped(field);
    if (whole instanceof z.ZodObject) return whole.shape[String(key)];
    if (whole instanceof z.ZodRecord) return whole.valueType;
    if (whole instanceof z.ZodArray) return whole.element;
    return undefined;
  }, schema);
}

function knownKeys(field: Schema | undefined): string[] {
  const whole = field && unwrapped(field);
  if (whole instanceof z.ZodObject) return Object.keys(whole.shape);
  return whole instanceof z.ZodRecord && whole.keyType instanceof z.ZodEnum ? whole.keyType.options.map(String) : [];
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], input);
}

function isObject(input: unknown): input is Readonly<Record<string, unknown>> {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}
