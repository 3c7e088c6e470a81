/** In its first start, where the environment says at which parameter, it never returns. */
const endlessAt = Number(process.env.BENCH_ENDLESS_AT);

export function evaluate(parameter: number): number {
  while (parameter === endlessAt);
  return 2 * parameter + 1;
}
