/** One row of `npm run bench`. */
export interface Measurement {
  /** A name that a reader of docs/benchmarks.md understands. */
  readonly name: string;
  /** Absent if this machine cannot measure it; `detail` has the reason. */
  readonly value?: number;
  /** `x` is a ratio of two measurements of the same run. */
  readonly unit: "x" | "%" | "ns/parameter" | "ms" | "MiB" | "pods/s";
  /** The limit to keep. A row without one is for comparison only. */
  readonly limit?: { readonly atMost: number } | { readonly atLeast: number };
  /** The measurements behind the value. */
  readonly detail?: string;
}

/** Whether a measurement keeps its limit. Undefined without a limit or a value. */
export function isReached({ value, limit }: Measurement): boolean | undefined {
  if (limit === undefined || value === undefined) return undefined;
  return "atMost" in limit ? value <= limit.atMost : value >= limit.atLeast;
}
