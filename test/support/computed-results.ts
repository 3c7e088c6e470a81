import { join } from "node:path";
import { sweep, writeEvaluation } from "./sweep.ts";

/**
 * Results for the commands that read some: 100,000 parameters, computed before the tests of a file. Parameter 3 has failed, `half` of 4
 * is NaN, and `odd` of 5 is infinite.
 */
export function computedResults(directory: string) {
  const results = join(directory, "results");
  const evaluation = writeEvaluation(
    directory,
    "sample",
    `export const columns = ["half", "odd"];
export function evaluate(parameter: number) {
  if (parameter === 3) {
    throw new Error("three is bad");
  }
  return { half: parameter === 4 ? Number.NaN : parameter / 2, odd: parameter === 5 ? Number.POSITIVE_INFINITY : parameter % 2 };
}
`,
  );

  beforeAll(async () => {
    const { code } = await sweep([
      "run",
      evaluation,
      "--total",
      "100000",
      "--workers",
      "2",
      "--seed",
      "5",
      "--results",
      results,
    ]);
    expect(code).toBe(0);
  });
  return { evaluation, results };
}
