import { factsOf } from "sweep-worker/contract";
import { z } from "zod";
import { environmentSchema } from "../../../stacks/configuration/schema.ts";
import { type Field, fieldsOf } from "../../support/quick-info.ts";

const fields = fieldsOf("Environment", "stacks/configuration/schema.ts");
const schemaByPath = schemaFields(environmentSchema);
const named = fields.map((field) => [field.path, field] as const);

test("an editor knows every field of an environment, at every depth, and the schema has no other", () => {
  expect(fields.length).toBeGreaterThan(70);
  expect(fields.map(({ path }) => path).sort()).toEqual([...schemaByPath.keys()].sort());
});

test.each(named)("shows documentation for %s", (_, { documentation }) => {
  // A sentence, and not only a word.
  expect(documentation).toMatch(/^\S.* \S.*[.)]$/s);
});

test.each(named.filter(([, { isOptional }]) => isOptional))("shows the default of %s", (_, { defaultText }) => {
  expect(defaultText).toMatch(/\S/);
});

test.each(named)("shows no other default of %s than the schema has", (path, field) => {
  const inSchema = schemaByPath.get(path)?.default;
  expect(literalDefault(field)).toEqual(inSchema);
});

/** A default that is a value: `@default "single"`, but not `@default - all zones`. An explanation may follow. */
function literalDefault({ defaultText }: Field): unknown {
  if (defaultText === undefined || defaultText.startsWith("- ")) return undefined;
  return JSON.parse(defaultText.replace(/ - .*$/s, ""));
}

/** The fields of a schema by path, with their metadata. */
function schemaFields(schema: z.core.$ZodType, path = ""): Map<string, { readonly default?: unknown }> {
  const inner = schema instanceof z.ZodOptional || schema instanceof z.ZodReadonly ? schema.unwrap() : undefined;
  if (inner !== undefined) return schemaFields(inner, path);
  if (schema instanceof z.ZodArray) return schemaFields(schema.element, `${path}[]`);
  if (schema instanceof z.ZodRecord) return schemaFields(schema.valueType, `${path}.*`);
  if (!(schema instanceof z.ZodObject)) return new Map();
  return new Map(
    Object.entries<z.core.$ZodType>(schema.shape).flatMap(([name, field]) => {
      const fieldPath = path === "" ? name : `${path}.${name}`;
      return [[fieldPath, factsOf(field)] as const, ...schemaFields(field, fieldPath)];
    }),
  );
}
