import { move } from "piscina";

const evaluate = (parameter) => 2 * parameter + 1;

/** A single value is returned as it is, several as an array that is moved, not copied. */
export default function task({ start, count }) {
  if (count === 1) return evaluate(start);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) values[index] = evaluate(start + index);
  return move(values);
}
