import { type Facts, withFix } from "sweep-worker/contract";
import { z } from "zod";

export { withFix } from "sweep-worker/contract";

/** Facts about a field, beside its type and its TSDoc. Without `allowed`, errors name the type. */
type FieldMetadata = Partial<Facts<unknown>> & Pick<Facts<unknown>, "example">;

/**
 * The shape of an interface's schema, for `satisfies`: the compiler then refuses a schema that lacks a field of the interface,
 * has one more, or disagrees with it about a type or about what may be left out.
 */
export type ShapeOf<Options> = {
  readonly [Field in keyof Options]-?: undefined extends Options[Field]
    ? z.core.$ZodOptional<z.core.$ZodType<Exclude<Options[Field], undefined>>>
    : z.core.$ZodType<Options[Field]>;
};

/** A field that holds a text. */
export function text(metadata: FieldMetadata) {
  return z.string().meta(withFix(metadata));
}

/** A field that holds a number. Its range is checked where the value is used, since Terraform may know it only later. */
export function number(metadata: FieldMetadata) {
  return z.number().meta(withFix(metadata));
}

/** A field that is true or false. */
export function flag(metadata: FieldMetadata) {
  return z.boolean().meta(withFix({ allowed: "true or false", ...metadata }));
}

/** A field that holds one of a few words. */
export function word<const Words extends readonly string[]>(words: Words, metadata: FieldMetadata) {
  return z.enum(words).meta(withFix(metadata));
}

/** A field that holds a list. */
export function list<Item extends z.core.$ZodType>(item: Item, metadata: FieldMetadata) {
  return z
    .array(item)
    .readonly()
    .meta(withFix({ allowed: "a list", ...metadata }));
}

/** A field that holds values by name. */
export function byName<Value extends z.core.$ZodType>(value: Value, metadata: FieldMetadata) {
  return z.record(z.string(), value).meta(withFix({ allowed: "an object", ...metadata }));
}
