import type { Outcome, Report } from "./outcome.ts";
import { allWarnings, columns, detailsOf, rowOf } from "./rows.ts";
import type { Warning } from "./summary.ts";

export interface MarkdownOptions {
  /** Characters; GitHub takes 65,536 in a comment. */
  readonly limit: number;
  /** The place of the complete plans, for a note where they are cut. */
  readonly whole: string;
}

/** Further warnings are only counted: nobody would read them, and they would leave no room for the plans. */
const mostWarnings = 50;

/** A report for a comment: a row for each stack, the warnings, and the folded plans, cut to the limit. */
export function renderMarkdown(report: Report, { limit, whole }: MarkdownOptions): string {
  const head = [
    `### Plan of ${report.subject}`,
    ...(report.outcomes.length === 0 ? [] : [table(report.outcomes)]),
    ...report.remarks,
    ...failures(report.outcomes),
    ...warnings(allWarnings(report)),
    ...notes(report.outcomes),
  ].join("\n\n");
  const details = detailsOf(report).map(({ outcome, text }) => ({ outcome, lines: text.split("\n") }));
  return [head, ...folded(details, limit - head.length, whole)].join("\n\n").concat("\n");
}

interface Detail {
  readonly outcome: Outcome;
  readonly lines: readonly string[];
}

/** Distributes the room: a short plan leaves its rest to longer ones. */
function folded(details: readonly Detail[], limit: number, whole: string): string[] {
  const byLength = [...details].sort((a, b) => length(a.lines) - length(b.lines));
  const rendered = new Map<Detail, string>();
  let room = limit;
  byLength.forEach((detail, index) => {
    const share = Math.floor(room / (byLength.length - index));
    const text = fold(detail, share, whole);
    rendered.set(detail, text);
    room -= text.length + 2;
  });
  return details.map((detail) => rendered.get(detail) ?? "").filter((text) => text !== "");
}

function fold({ outcome, lines }: Detail, room: number, whole: string): string {
  const title = outcome.kind === "failed" ? `Error of ${outcome.stack}` : `Plan of ${outcome.stack}`;
  const fence = "`".repeat(Math.max(3, 1 + longestRun(lines)));
  const around = (body: readonly string[], after: string) =>
    // An error is unfolded, so that nobody has to look for it.
    `<details${outcome.kind === "failed" ? " open" : ""}><summary>${title}</summary>\n\n${fence}text\n${body.join("\n")}\n${fence}\n${after}</details>`;
  const complete = around(lines, "");
  if (complete.length <= room) return complete;
  const note = (kept: number) =>
    `\n${lines.length - kept} of ${lines.length} lines are cut here; the complete plan is ${whole}.\n`;
  let kept = 0;
  let left = room - around([], note(0)).length - 10;
  while (kept < lines.length && left - (lines[kept] ?? "").length - 1 >= 0) left -= (lines[kept++] ?? "").length + 1;
  if (kept > 0) return around(lines.slice(0, kept), note(kept));
  const absent = `${title}: ${lines.length} lines, cut here; the complete plan is ${whole}.`;
  return absent.length <= room ? absent : "";
}

function length(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}

function longestRun(lines: readonly string[]): number {
  return Math.max(0, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map((run) => run.length)));
}

function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) => {
    const row = rowOf(outcome);
    const stack = code(row.stack);
    if ("cells" in row) {
      const [add = "", change = "", replace = "", destroy = "", besides = ""] = row.cells;
      return `| ${[stack, add, change, bold(replace), bold(destroy), besides].join(" | ")} |`;
    }
    return `| ${stack} | | | | | ${row.failed ? `**${row.sentence}**` : row.sentence} |`;
  });
  return [`| ${columns.join(" | ")} |`, "|---|--:|--:|--:|--:|---|", ...rows].join("\n");
}

const bold = (number: string) => (number === "0" ? number : `**${number}**`);

/** A literal value on one line, without markup or mentions. */
function code(text: string): string {
  const line = text.replace(/\s+/g, " ");
  const ticks = "`".repeat(1 + longestRun([line]));
  return line.includes("`") ? `${ticks} ${line} ${ticks}` : `${ticks}${line}${ticks}`;
}

function failures(outcomes: readonly Outcome[]): string[] {
  const failed = outcomes.filter(({ kind }) => kind === "failed").map(({ stack }) => code(stack));
  if (failed.length === 0) return [];
  return [`> [!CAUTION]\n> **Not planned, because of an error: ${failed.join(", ")}.** Its changes are unknown.`];
}

function warnings(all: readonly Warning[]): string[] {
  const loud = all.filter(({ severity }) => severity === "loud");
  const quiet = all.filter(({ severity }) => severity === "notice");
  return [
    ...alert("CAUTION", "**This destroys data or service.**", loud),
    ...alert("WARNING", "**This interrupts runs or permissions.**", quiet),
  ];
}

function alert(kind: string, title: string, all: readonly Warning[]): string[] {
  if (all.length === 0) return [];
  const items = all.slice(0, mostWarnings).map(({ stack, noun, address, happens, because, effect }) => {
    const done = happens.replace(/[A-Z]{2,}/, "**$&**");
    return `> - ${noun} ${code(address)} ${done} (${code(stack)}): ${effect}.<br>Because ${code(because)}.`;
  });
  const more = all.length > mostWarnings ? [`> - and ${all.length - mostWarnings} more, in the plans below`] : [];
  return [[`> [!${kind}]`, `> ${title}`, ">", ...items, ...more].join("\n")];
}

function notes(outcomes: readonly Outcome[]): string[] {
  const lines = outcomes.flatMap(({ stack, notes }) => notes.map((note) => `- ${code(stack)}: ${note}`));
  return lines.length === 0 ? [] : [lines.join("\n")];
}
