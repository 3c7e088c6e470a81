/** Costs nothing: what remains is the worker. */
export function evaluate(parameter: number): number {
  return 2 * parameter + 1;
}
