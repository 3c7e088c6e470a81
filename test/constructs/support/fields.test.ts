import { z } from "zod";
import { byName, flag, list, number, text, withFix, word } from "../../../constructs/support/fields.ts";
import { fieldsOf, fieldsThatMisbehave } from "../../support/options.ts";

const schema = z.strictObject({
  text: text({ allowed: "a name", example: "a" }),
  number: number({ example: 1, fix: "count them" }),
  flag: flag({ example: true, default: false }),
  "flag in words": flag({ allowed: "yes or no", example: true }),
  word: word(["a", "b"], { example: "b" }).optional(),
  list: list(text({ example: "a" }), { example: ["a"] }),
  "list in words": list(text({ example: "a" }), { allowed: "names", example: ["a"] }),
  byName: byName(number({ example: 1 }), { example: { a: 1 } }),
  "by name in words": byName(number({ example: 1 }), { allowed: "counts", example: { a: 1 } }),
});

test("fields carry what errors and tables need, and by default an example to write", () => {
  expect(fieldsOf(schema)).toEqual([
    'text; must be a name; example "a"',
    "number; example 1; count them",
    "flag; must be true or false; example true; default false",
    "flag in words; must be yes or no; example true",
    'word?; a b; example "b"',
    'list; must be a list; example ["a"]',
    'list[]; example "a"',
    'list in words; must be names; example ["a"]',
    'list in words[]; example "a"',
    'byName; must be an object; example {"a":1}',
    "byName.*; example 1",
    'by name in words; must be counts; example {"a":1}',
    "by name in words.*; example 1",
  ]);
  expect(withFix({ example: "a" })).toEqual({ example: "a", fix: 'use for example "a"' });
});

test("fields accept their example and nothing of another kind", () => {
  expect(fieldsThatMisbehave(schema)).toEqual([]);
  const accepts = (value: object) => schema.partial().safeParse(value).success;
  expect(accepts({ text: "b", number: 2, flag: false, word: "a", list: [], byName: { x: 0 } })).toBe(true);
  for (const wrong of [
    { text: 1 },
    { number: "1" },
    { flag: "true" },
    { word: "c" },
    { list: "a" },
    { list: [1] },
    { byName: { x: "1" } },
  ]) {
    expect([wrong, accepts(wrong)]).toEqual([wrong, false]);
  }
});

test("a schema that contradicts itself is noticed by the check above", () => {
  const contradictory = z.strictObject({ a: text({ example: 1, default: 2 }), b: z.any() });
  expect(fieldsThatMisbehave(contradictory)).toEqual([
    "a refuses its example",
    "a refuses its default",
    "b accepts anything",
  ]);
  expect(fieldsThatMisbehave(z.object({ a: text({ example: "a" }) }))).toEqual(["unknown fields are accepted"]);
});
