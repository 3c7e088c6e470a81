import { isReached, type Measurement } from "./measurement.ts";
import { inThreeDigits } from "./statistics.ts";

const HEADINGS = ["", "value", "limit", ""];

/** Measurements as an aligned table, and below it what each was computed from. */
export function formatTable(measurements: readonly Measurement[]): string {
  const rows = [HEADINGS, ...measurements.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const lines = rows.map(([name = "", value = "", limit = "", verdict = ""]) => {
    const [nameWidth = 0, valueWidth = 0, limitWidth = 0] = widths;
    return `${name.padEnd(nameWidth)}  ${value.padStart(valueWidth)}  ${limit.padEnd(limitWidth)}  ${verdict}`.trimEnd();
  });
  const details = measurements.map(({ name, detail }) => (detail === undefined ? "" : `${name}:\n  ${detail}`));
  return [...lines, "", "Least / median / most of the rounds, and how:", ...details.filter((text) => text !== "")].join(
    "\n",
  );
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
    ? `at most ${limit.atMost.toLocaleString("en", { maximumFractionDigits: 1 })} ${unit}`
    : `at least ${limit.atLeast} ${unit}`;
}
