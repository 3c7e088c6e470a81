import Table from "cli-table3";

/**
 * A table for a terminal, without lines between its rows.
 *
 * @param right the columns that are aligned to the right, from 0.
 */
export function table(head: readonly string[], right: readonly number[]): InstanceType<typeof Table> {
  const colAligns = head.map((_, column) => (right.includes(column) ? "right" : "left"));
  const chars = { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" } as const;
  return new Table({ head: [...head], colAligns, chars, style: { head: [], border: [] } });
}
