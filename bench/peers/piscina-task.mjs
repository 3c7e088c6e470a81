import { move } from "piscina";

const evaluate = (parameter) => 2 * parameter + 1;

/** Returns a single value as a number, and several as an array that is moved instead of copied. */
export default function task({ start, count }) {
  if (count === 1) return evaluate(start);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) values[index] = evaluate(start + index);
  return move(values);
}
