/** One row of `npm run bench`. */
export interface Measurement {
  /** What was measured, in words a reader of the README understands. */
  readonly name: string;
  /** Absent where it could not be measured on this machine; `detail` says why. */
  readonly value?: number;
  /** `x` is a ratio of two things measured in the same run. */
  readonly unit: "x" | "ns/parameter" | "ms";
  /** What the value must reach; a row without one is for comparison only. */
  readonly limit?: { readonly atMost: number } | { readonly atLeast: number };
  /** What the value was computed from. */
  readonly detail?: string;
}

/** Whether a measurement is what it must be. Undefined where nothing is asked of it, or it could not be measured. */
export function isReached({ value, limit }: Measurement): boolean | undefined {
  if (limit === undefined || value === undefined) return undefined;
  return "atMost" in limit ? value <= limit.atMost : value >= limit.atLeast;
}
