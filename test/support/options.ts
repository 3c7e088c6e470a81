import { z } from "zod";
import { show } from "../../constructs/support/problems.ts";

/** Every field of a schema as one line, fields of lists and objects included: its part of errors and reference tables. */
export function fieldsOf(schema: z.ZodType, path = ""): string[] {
  const optional = schema instanceof z.ZodOptional;
  const field = (optional ? schema.unwrap() : schema) as z.ZodType;
  const inner = field instanceof z.ZodReadonly ? (field.unwrap() as z.ZodType) : field;
  const { allowed, example, default: byDefault, fix } = field.meta() ?? {};
  const line = [
    `${path}${optional ? "?" : ""}`,
    ...(inner instanceof z.ZodEnum ? [inner.options.join(" ")] : []),
    ...(allowed === undefined ? [] : [`must be ${allowed}`]),
    ...(example === undefined ? [] : [`example ${show(example)}`]),
    ...(byDefault === undefined ? [] : [`default ${show(byDefault)}`]),
    ...(fix === undefined || fix === `use for example ${show(example)}` ? [] : [String(fix)]),
  ].join("; ");
  return [...(path === "" ? [] : [line]), ...children(inner, path)];
}

function children(schema: z.ZodType, path: string): string[] {
  if (schema instanceof z.ZodObject) {
    const prefix = path === "" ? "" : `${path}.`;
    return Object.entries(schema.shape).flatMap(([key, field]) => fieldsOf(field as z.ZodType, `${prefix}${key}`));
  }
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element as z.ZodType, `${path}[]`);
  if (schema instanceof z.ZodRecord) return fieldsOf(schema.valueType as z.ZodType, `${path}.*`);
  return [];
}

/** The fields whose own example or default the schema refuses, and those that accept anything: none, if all is well. */
export function fieldsThatMisbehave(schema: z.ZodObject): string[] {
  const unknown = schema.safeParse({ "no field": 1 }).error?.issues.some(({ code }) => code === "unrecognized_keys");
  const fields = Object.entries(schema.shape).flatMap(([key, field]) => {
    const inner = (field instanceof z.ZodOptional ? field.unwrap() : field) as z.ZodType;
    const { example, default: byDefault } = inner.meta() ?? {};
    return [
      ...(inner.safeParse(example).success ? [] : [`${key} refuses its example`]),
      ...(byDefault === undefined || inner.safeParse(byDefault).success ? [] : [`${key} refuses its default`]),
      ...(inner.safeParse(Symbol("another kind")).success ? [`${key} accepts anything`] : []),
    ];
  });
  return unknown ? fields : ["unknown fields are accepted", ...fields];
}
