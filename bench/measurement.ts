/** One row of `npm run bench`. */
export interface Measurement {
  /** What was measured, in words a reader of the README understands. */
  readonly name: string;
  readonly value: number;
  /** `x` is a ratio of two things measured in the same run. */
  readonly unit: "x" | "ns/parameter" | "ms";
  /** What the value must reach; a row without one is for comparison only. */
  readonly limit?: { readonly atMost: number } | { readonly atLeast: number };
  /** What the value was computed from. */
  readonly detail?: string;
}
