import { PermanentError } from "../../worker/src/contract/errors.ts";
import { parseAnswer } from "../../worker/src/evaluation/answer.ts";
import { ResultColumns } from "../../worker/src/evaluation/result-columns.ts";

const plain = new ResultColumns(["value"], false, 1);
const declared = new ResultColumns(["a", "b"], true, 1);

test.each([
  ["12.5", [12.5]],
  ["NaN", [Number.NaN]],
  ["-Infinity", [Number.NEGATIVE_INFINITY]],
  ['{"value": 3}', [3]],
  ['{"parameter": 7, "value": 3}', [3]],
])("without columns, %s is a value", (line, values) => {
  expect(parseAnswer(line, 7, plain)).toEqual({ values });
});

test.each([
  ['{"a": 1, "b": 2, "c": 3}', [1, 2]],
  ['{"a": NaN, "b": -Infinity}', [Number.NaN, Number.NEGATIVE_INFINITY]],
  ['{"a":NaN,"b":Infinity}', [Number.NaN, Number.POSITIVE_INFINITY]],
  ['{"b": "NaN", "a": "Infinity"}', [Number.POSITIVE_INFINITY, Number.NaN]],
])("with columns, %s is values", (line, values) => {
  expect(parseAnswer(line, 7, declared)).toEqual({ values });
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
])("with columns, %j is an invalid result", (line) => {
  expect(parseAnswer(line, 7, declared)).toEqual({
    kind: "invalid-result",
    error: expect.stringContaining("; expected "),
  });
});

test.each([
  ['{"inside": 1}', "; expected a number; name its results with --columns inside"],
  [
    '{"parameter": 7, "steps": NaN, "peak": 2, "note": "x"}',
    "; expected a number; name its results with --columns steps,peak",
  ],
  ['{"note": "x"}', "; expected a number"],
  ['{"not a name": 1}', "; expected a number"],
])("without columns, %s is an invalid result, and the error says how its numbers become results", (line, ending) => {
  const answer = parseAnswer(line, 7, plain) as { error: string };
  expect(answer.error.slice(answer.error.indexOf(";"))).toBe(ending);
});

test("an error is the parameter's failure", () => {
  expect(parseAnswer('{"error": "diverged"}', 7, plain)).toEqual({ kind: "threw", error: "diverged" });
});

test("the answer to another parameter stops everything", () => {
  expect(() => parseAnswer('{"parameter": 6, "value": 3}', 7, plain)).toThrow(
    new PermanentError(
      "the program answered parameter 6 when it was asked for 7; it must print exactly one line for each line that it reads, in the same order",
    ),
  );
});
