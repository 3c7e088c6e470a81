import { formatCount } from "sweep-worker/contract";
import { table } from "../tools/support/table.ts";
import { isReached, type Measurement } from "./measurement.ts";
import { inThreeDigits } from "./statistics.ts";

/** Measurements as a table, followed by their details. */
export function formatTable(measurements: readonly Measurement[]): string {
  const rows = table(["", "value", "limit", ""], [1]);
  rows.push(...measurements.map(cellsOf));
  const details = measurements.flatMap(({ name, detail }) => (detail === undefined ? [] : [`${name}:\n  ${detail}`]));
  return [rows.toString(), "", "Least / median / most of the rounds, and the method:", ...details].join("\n");
}

function cellsOf(measurement: Measurement): string[] {
  const { name, value, unit, limit } = measurement;
  const reached = isReached(measurement);
  const verdict = reached === undefined ? "" : reached ? "ok" : "MISSED";
  if (value === undefined) return [name, "not measured", "", ""];
  return [name, `${inThreeDigits(value)} ${unit}`, limit === undefined ? "" : describeLimit(limit, unit), verdict];
}

function describeLimit(limit: NonNullable<Measurement["limit"]>, unit: Measurement["unit"]): string {
  return "atMost" in limit
    ? `at most ${formatCount(Number(limit.atMost.toFixed(1)))} ${unit}`
    : `at least ${limit.atLeast} ${unit}`;
}
