import type { EvaluationContext } from "sweep-worker";

/** Names of the results. Without them `evaluate` returns a number, and its column is called `value`. */
export const columns = ["inside"];

export function evaluate(_parameter: number, context: EvaluationContext) {
  const x = context.random();
  const y = context.random();
  return { inside: x * x + y * y < 1 ? 1 : 0 };
}
