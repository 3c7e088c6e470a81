const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks its thread for 2 ms, in which it handles no message. */
export function evaluate(parameter: number): number {
  Atomics.wait(never, 0, 0, 2);
  return 2 * parameter + 1;
}
