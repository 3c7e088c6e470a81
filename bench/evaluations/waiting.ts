/** Waits for 100 ms, as a call of a service does. */
export function evaluate(parameter: number): Promise<number> {
  return new Promise((go) => setTimeout(go, 100, 2 * parameter + 1));
}
