import { areColumnNames } from "../contract/columns.ts";
import { PermanentError } from "../contract/errors.ts";
import { describeValue } from "./block-evaluator.ts";
import type { ResultColumns } from "./result-columns.ts";

/** The answer of a program to one parameter. */
export type Answer =
  | { readonly values: readonly number[] }
  | { readonly kind: "threw" | "invalid-result"; readonly error: string };

/** JSON has no words for these numbers. Python and others write them bare, some programs write them as strings. */
const NOT_FINITE = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/**
 * Reads a line of a program: a number, an object with a number for each column (`value` if no columns are declared), or
 * `{"error": "..."}`. An object may repeat `parameter`, which proves that question and answer belong together.
 *
 * @throws PermanentError if the line answers another parameter.
 */
export function parseAnswer(
  line: string,
  parameter: number,
  columns: Pick<ResultColumns, "names" | "areDeclared" | "expected">,
): Answer {
  const result = parseJson(line);
  if (result === undefined) {
    return { kind: "invalid-result", error: `answered ${describeValue(line)}; expected one line of JSON` };
  }
  if (typeof result === "number" && !columns.areDeclared) return { values: [result] };
  const object = typeof result === "object" && result !== null ? (result as Record<string, unknown>) : {};
  if (typeof object.error === "string") return { kind: "threw", error: object.error.slice(0, 1000) };
  if (object.parameter !== undefined && object.parameter !== parameter) {
    throw new PermanentError(
      `the program answered parameter ${describeValue(object.parameter)} when it was asked for ${parameter}; ` +
        "it must print exactly one line for each line that it reads, in the same order",
    );
  }
  const values = columns.names.map((column) => toNumber(object[column]));
  if (values.every((value) => value !== undefined)) return { values };
  const advice = columns.areDeclared ? "" : adviceFor(object);
  return { kind: "invalid-result", error: `answered ${describeValue(result)}; expected ${columns.expected}${advice}` };
}

/** The option that turns an object's numbers into results. */
function adviceFor(answer: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(answer).filter((name) => name !== "parameter" && toNumber(answer[name]) !== undefined);
  return areColumnNames(names) ? `; name its results with --columns ${names.join(",")}` : "";
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Bare words for numbers that are not finite become strings. Everything else stays invalid.
    if (NOT_FINITE.has(line)) return NOT_FINITE.get(line);
    try {
      return JSON.parse(line.replace(/(?<=[:\s])(-?Infinity|NaN)(?=[\s,}])/g, '"$1"'));
    } catch {
      return undefined;
    }
  }
}

function toNumber(value: unknown): number | undefined {
  return typeof value === "number" ? value : NOT_FINITE.get(value as string);
}
