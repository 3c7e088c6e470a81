/** The middle of some values. An occasional disturbance of the machine moves a mean, but not the median. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new Error("the median of nothing");
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** `36 / 38 / 51 ms`: least, median and most, which show how quiet the machine was. */
export function spread(values: readonly number[], unit: string): string {
  return `${[Math.min(...values), median(values), Math.max(...values)].map(inThreeDigits).join(" / ")} ${unit}`;
}

/** Three digits at least: 1.74, 38.2, 2,600. */
export function inThreeDigits(value: number): string {
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.max(1, Math.abs(value)))));
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
