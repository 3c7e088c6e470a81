import { PermanentError } from "../../worker/src/errors.ts";
import { parseAnswer } from "../../worker/src/evaluation/answer.ts";

test.each([
  ["12.5", [12.5]],
  ["NaN", [Number.NaN]],
  ["-Infinity", [Number.NEGATIVE_INFINITY]],
  ['{"value": 3}', [3]],
  ['{"parameter": 7, "value": 3}', [3]],
])("without columns, %s is a value", (line, values) => {
  expect(parseAnswer(line, 7, ["value"], false)).toEqual({ values });
});

test.each([
  ['{"a": 1, "b": 2, "c": 3}', [1, 2]],
  ['{"a": NaN, "b": -Infinity}', [Number.NaN, Number.NEGATIVE_INFINITY]],
  ['{"a":NaN,"b":Infinity}', [Number.NaN, Number.POSITIVE_INFINITY]],
  ['{"b": "NaN", "a": "Infinity"}', [Number.POSITIVE_INFINITY, Number.NaN]],
])("with columns, %s is values", (line, values) => {
  expect(parseAnswer(line, 7, ["a", "b"], true)).toEqual({ values });
});

test.each([
  "",
  "Infinity1",
  '"text"',
  "null",
  "true",
  "[1]",
  "{}",
  '{"a": 1}',
  '{"a": 1, "b": "2"}',
  '{"a": 1, "b": null}',
  "1",
])("with columns, %j is garbage", (line) => {
  expect(parseAnswer(line, 7, ["a", "b"], true)).toEqual({
    kind: "garbage",
    error: expect.stringContaining("; expected "),
  });
});

test("an error is the parameter's failure", () => {
  expect(parseAnswer('{"error": "diverged"}', 7, ["value"], false)).toEqual({ kind: "threw", error: "diverged" });
});

test("the answer to another parameter stops everything", () => {
  expect(() => parseAnswer('{"parameter": 6, "value": 3}', 7, ["value"], false)).toThrow(
    new PermanentError(
      "the program answered parameter 6 when it was asked for 7; it must print exactly one line for each line that it reads, in the same order",
    ),
  );
});
