/** Never returns from the parameter in BENCH_ENDLESS_AT. A second start runs without that variable. */
const endlessAt = Number(process.env.BENCH_ENDLESS_AT);

export function evaluate(parameter: number): number {
  while (parameter === endlessAt);
  return 2 * parameter + 1;
}
