import { z } from "zod";

/** The schema of a field's value, without what says that the field may be left out or is read only. */
export function unwrapped(field: z.core.$ZodType): z.core.$ZodType {
  return isWrapper(field) ? unwrapped(field.unwrap()) : field;
}

function isWrapper(field: z.core.$ZodType): field is z.ZodOptional | z.ZodReadonly {
  return field instanceof z.ZodOptional || field instanceof z.ZodReadonly;
}
