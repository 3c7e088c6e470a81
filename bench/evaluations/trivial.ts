/** Costs nothing, so that only the overhead of the worker is measured. */
export function evaluate(parameter: number): number {
  return 2 * parameter + 1;
}
