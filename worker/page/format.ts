import { describeSeconds, formatCount } from "../src/contract/format.ts";

export { countNoun, describeSeconds, formatCount, shellWord } from "../src/contract/format.ts";

/** `62.3%`. Rounded down, because 100% means that nothing is missing. */
export function formatPercent(part: number, whole: number): string {
  if (part === 0) return "0%";
  return part === whole ? "100%" : `${(Math.floor((1_000 * part) / whole) / 10).toFixed(1)}%`;
}

/** `1,234/s`, below ten `3.2/s`. */
export function formatRate(perSecond: number): string {
  return `${perSecond < 10 ? Number(perSecond.toPrecision(2)) : formatCount(Math.round(perSecond))}/s`;
}

/** `$12.30`, and `<$0.01` in place of a zero that is none. */
export function formatUsd(usd: number): string {
  if (usd > 0 && usd < 0.01) return "<$0.01";
  const [whole = "", cents = ""] = usd.toFixed(2).split(".");
  return `$${formatCount(Number(whole))}.${cents}`;
}

/** A value of a column, or of an axis. */
export function formatValue(value: number | null): string {
  if (value === null) return "–";
  if (Math.abs(value) >= 1e15) return Number(value.toPrecision(5)).toExponential();
  if (Number.isInteger(value)) return formatCount(value);
  return String(Number(value.toPrecision(5)));
}

/** `1,000 to 1,999`, of a first parameter and a number of parameters. */
export function formatParameters(start: number, count: number): string {
  return count === 1 ? formatCount(start) : `${formatCount(start)} to ${formatCount(start + count - 1)}`;
}

/** `4 min ago`. The clocks of the server and of the browser may differ: a time to come is now. */
export function formatAgo(time: string, now: number): string {
  const seconds = (now - Date.parse(time)) / 1_000;
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  const unit = [86_400, 3_600, 60].find((size) => seconds >= size) ?? 1;
  return `${describeSeconds(Math.floor(seconds / unit) * unit)} ago`;
}

/** Time from the beginning of a sweep to its last commit. The clocks of the machines that wrote the two may differ. */
export function formatDuration(createdAt: string, lastCommitAt: string): string {
  return describeSeconds(Math.max(0, Date.parse(lastCommitAt) - Date.parse(createdAt)) / 1_000);
}

/** The last part of the name of a sweep, and the folder that it lies in. */
export function nameParts(name: string): { readonly folder: string; readonly last: string } {
  const end = name.lastIndexOf(":");
  return { folder: name.slice(0, Math.max(0, end)), last: name.slice(end + 1) };
}

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
/** In the user's own zone and order of day and month. */
export function formatTime(time: string): string {
  return dateTime.format(new Date(time));
}
