import { z } from "zod";
import { show } from "../../constructs/support/problems.ts";

/** Every field of a schema as one line, fields of lists and objects included: what errors and reference tables say of it. */
export function fieldsOf(schema: z.core.$ZodType, path = ""): string[] {
  const optional = schema instanceof z.ZodOptional;
  const field = optional ? schema.unwrap() : schema;
  const inner = field instanceof z.ZodReadonly ? field.unwrap() : field;
  const { allowed, example, default: byDefault, fix } = z.globalRegistry.get(field) ?? {};
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

function children(schema: z.core.$ZodType, path: string): string[] {
  if (schema instanceof z.ZodObject) {
    const prefix = path === "" ? "" : `${path}.`;
    return Object.entries(schema.shape).flatMap(([key, field]) => fieldsOf(field, `${prefix}${key}`));
  }
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element, `${path}[]`);
  if (schema instanceof z.ZodRecord) return fieldsOf(schema.valueType, `${path}.*`);
  return [];
}

/** The fields whose own example or default the schema refuses, and those that accept anything: none, if all is well. */
export function fieldsThatMisbehave(schema: z.ZodObject): string[] {
  const unknown = schema.safeParse({ "no field": 1 }).error?.issues.some(({ code }) => code === "unrecognized_keys");
  const fields = Object.entries(schema.shape).flatMap(([key, field]) => {
    const inner = field instanceof z.ZodOptional ? field.unwrap() : field;
    const { example, default: byDefault } = z.globalRegistry.get(inner) ?? {};
    return [
      ...(z.safeParse(inner, example).success ? [] : [`${key} refuses its example`]),
      ...(byDefault === undefined || z.safeParse(inner, byDefault).success ? [] : [`${key} refuses its default`]),
      ...(z.safeParse(inner, Symbol("another kind")).success ? [`${key} accepts anything`] : []),
    ];
  });
  return unknown ? fields : ["unknown fields are accepted", ...fields];
}
