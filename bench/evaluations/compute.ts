const ROUNDS = 400;

/** Some hundred nanoseconds of arithmetic: a linear congruential generator, seeded with the parameter. */
export function evaluate(parameter: number): number {
  let state = parameter | 0;
  for (let round = 0; round < ROUNDS; round++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return state;
}
