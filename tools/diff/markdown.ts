import { countNoun } from "sweep-worker/contract";
import { billInWords, removedInWords, removedUnknown } from "./bills.ts";
import { changedResources } from "./changed-resources.ts";
import { alert, code, fold, lengthOf } from "./markup.ts";
import { type Message, messagesOf } from "./messages.ts";
import type { Outcome, Report } from "./outcome.ts";
import { allWarnings, columns, detailsOf, type GroupedWarning, rowOf } from "./rows.ts";
import { countsOf } from "./summary.ts";

export interface MarkdownOptions {
  /** Characters; GitHub takes 65,536 in a comment. */
  readonly limit: number;
  /** The place of the complete plans, for a note where they are cut. */
  readonly whole: string;
}

/** A report for a comment: a row for each stack, the warnings, and the folded plans, cut to the limit. */
export function renderMarkdown(report: Report, { limit, whole }: MarkdownOptions): string {
  const forms = formsOf(report, whole);
  const head = [forms.full, forms.brief].find((form) => form.length <= limit) ?? forms.counts;
  return head === forms.full ? withPlans(forms, limit - head.length, whole) : `${head}\n`;
}

/**
 * The room for plans in each length of {@link renderLengths}, in characters. Each is about three quarters of the one before, so that
 * a choice wastes little.
 */
const rooms = [60_000, 45_000, 33_000, 25_000, 19_000, 14_000, 10_000, 7500, 5500, 4000, 3000, 2000, 1000, 0];

/**
 * The same report in ever shorter lengths. The plans are cut first, then the warnings lose their words, and the last length only
 * counts. Environments that share a comment all take the first length with which they fit. So a short plan leaves its rest to longer
 * ones, no head is shortened for the sake of a plan, and a job that runs no code of the repository can choose.
 */
export function renderLengths(report: Report, whole: string): string[] {
  const forms = formsOf(report, whole);
  return [...rooms.map((room) => withPlans(forms, room, whole)), `${forms.brief}\n`, `${forms.counts}\n`];
}

interface Forms {
  readonly full: string;
  readonly brief: string;
  readonly counts: string;
  readonly details: readonly Detail[];
}

function formsOf(report: Report, whole: string): Forms {
  const [grouped, messages] = [allWarnings(report), messagesOf(report)];
  const isComparison = report.outcomes.length === 0 && isRemoving(report);
  const title = `### ${isComparison ? "Removed from the code" : `Plan of ${report.subject}`}`;
  const rows = report.outcomes.length === 0 ? [] : [table(report.outcomes)];
  const removed = removedStacks(report);
  const cost = (report.cost ?? []).map(billInWords).map((line) => `- ${line}`);
  const bills = cost.length === 0 ? [] : [cost.join("\n")];
  const full = [
    title,
    ...rows,
    ...report.remarks,
    ...failures(report.outcomes),
    ...removed,
    ...warnings(grouped, itemOf),
    ...ofTerraform(messages),
    ...bills,
    ...notes(report.outcomes),
  ].join("\n\n");
  const shortened = `**Shortened, because a comment takes no more.** All warnings and plans are ${whole}.`;
  const count = report.outcomes.reduce((sum, { notes }) => sum + notes.length, report.remarks.length);
  const others = Math.max(0, grouped.length - mostBrief);
  const brief = [
    title,
    ...rows,
    ...failures(report.outcomes),
    ...removed,
    shortened,
    ...warnings(grouped.slice(0, mostBrief), briefItemOf),
    ...(others === 0 ? [] : [`And ${countNoun(others, "other kind")} of warnings.`]),
    ...(messages.length === 0 ? [] : [`Terraform warns ${countNoun(messages.length, "time")}.`]),
    ...(count === 0 ? [] : [`${countNoun(count, "note")} ${count === 1 ? "has" : "have"} no room here.`]),
    ...bills,
  ].join("\n\n");
  return { full, brief, counts: countsForm(report, title, grouped, messages, shortened), details: foldsOf(report) };
}

/** Kinds of warnings in the brief form. */
const mostBrief = 25;

function countsForm(
  report: Report,
  title: string,
  grouped: readonly GroupedWarning[],
  messages: readonly Message[],
  shortened: string,
): string {
  const sum = (counted: readonly number[]) => counted.reduce((total, one) => total + one, 0);
  const planned = report.outcomes.flatMap((outcome) => (outcome.kind === "planned" ? [countsOf(outcome.plan)] : []));
  const of = (severity: GroupedWarning["severity"]) =>
    sum(grouped.filter((warning) => warning.severity === severity).map(({ addresses }) => addresses.length));
  const failed = report.outcomes.filter(({ kind }) => kind === "failed").length;
  const numbers = (["add", "change", "replace", "destroy"] as const).map(
    (name) => `${sum(planned.map((counts) => counts[name]))} to ${name}`,
  );
  const facts = [
    ...(failed === 0 ? [] : [`**stacks that could not be planned: ${failed}**`]),
    ...(report.isRemovedUnknown === true ? [`**${removedUnknown}**`] : []),
    ...((report.removed ?? []).length === 0 ? [] : [`**stacks removed from the code: ${report.removed?.length}**`]),
    ...(of("loud") === 0 ? [] : [`**lost data, lost service or opened access: ${of("loud")}**`]),
    ...(of("notice") === 0 ? [] : [`interruptions or cost: ${of("notice")}`]),
    ...(messages.length === 0 ? [] : [`warnings of Terraform: ${messages.length}`]),
    ...numbers,
  ];
  const isLoud = failed > 0 || isRemoving(report) || of("loud") > 0;
  return `${title}\n\n${isLoud ? "> [!CAUTION]\n> " : ""}${facts.join(", ")}.\n\n${shortened}`;
}

interface Detail {
  readonly title: string;
  readonly lines: readonly string[];
  readonly isOpen: boolean;
}

/** Longer lists of changed resources are folded. */
const mostOpen = 10;

function foldsOf(report: Report): Detail[] {
  const lists = report.outcomes.flatMap((outcome) => {
    const lines = changedResources(outcome);
    return lines.length === 0
      ? []
      : [{ title: `Changed resources of ${outcome.stack}`, lines, isOpen: lines.length <= mostOpen }];
  });
  const plans = detailsOf(report).map(({ outcome, text }) => {
    // An error is unfolded, so that nobody has to look for it.
    const isOpen = outcome.kind === "failed";
    return { title: `${isOpen ? "Error" : "Plan"} of ${outcome.stack}`, lines: text.split("\n"), isOpen };
  });
  return [...lists, ...plans];
}

/** For the sentence about what has no room at all. */
const roomOfNote = 250;

/** Distributes the room: a short plan leaves its rest to longer ones. */
function withPlans({ full, details }: Forms, limit: number, whole: string): string {
  const byLength = [...details].sort((a, b) => lengthOf(a.lines) - lengthOf(b.lines));
  const rendered = new Map<Detail, string>();
  const complete = details.reduce((sum, detail) => sum + fold(detail, Number.POSITIVE_INFINITY, whole).length + 2, 0);
  let room = complete <= limit ? limit + 2 * details.length : limit - roomOfNote;
  byLength.forEach((detail, index) => {
    const share = Math.floor(room / (byLength.length - index)) - 2;
    const text = fold(detail, share, whole);
    rendered.set(detail, text);
    room -= text.length + 2;
  });
  const shown = details.map((detail) => rendered.get(detail) ?? "").filter((text) => text !== "");
  const absent = details.length - shown.length;
  const note =
    absent === 0 ? [] : [`${absent} of ${details.length} plans and lists have no room here; all of them are ${whole}.`];
  return `${[full, ...shown, ...note].join("\n\n")}\n`;
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

function failures(outcomes: readonly Outcome[]): string[] {
  const failed = outcomes.filter(({ kind }) => kind === "failed").map(({ stack }) => code(stack));
  if (failed.length === 0) return [];
  return [`> [!CAUTION]\n> **Not planned, because of an error: ${failed.join(", ")}.** Its changes are unknown.`];
}

function isRemoving({ removed = [], isRemovedUnknown = false }: Report): boolean {
  return removed.length > 0 || isRemovedUnknown;
}

function removedStacks({ removed = [], isRemovedUnknown = false }: Report): string[] {
  if (isRemovedUnknown) return [`> [!CAUTION]\n> **${removedUnknown}.**`];
  const items = removed.map(({ stack, ...rest }) => `${code(stack)}: ${removedInWords(rest)}.`);
  return alert("CAUTION", "**These stacks are REMOVED from the code, and go on running.**", items);
}

function warnings(all: readonly GroupedWarning[], item: (warning: GroupedWarning) => string): string[] {
  const of = (severity: GroupedWarning["severity"]) => all.filter((warning) => warning.severity === severity).map(item);
  return [
    ...alert("CAUTION", "**This destroys data or service, or opens access.**", of("loud")),
    ...alert("WARNING", "**This interrupts runs or permissions, or costs more.**", of("notice")),
  ];
}

function itemOf({ stack, noun, addresses, happens, because, effect }: GroupedWarning): string {
  return `${noun} ${addresses.map(code).join(", ")} ${emphasized(happens)} (${code(stack)}): ${effect}.<br>Because ${code(because)}.`;
}

function briefItemOf({ stack, noun, addresses, happens }: GroupedWarning): string {
  const more = addresses.length > 3 ? ` and ${addresses.length - 3} more` : "";
  return `${noun} ${addresses.slice(0, 3).map(code).join(", ")}${more} ${emphasized(happens)} (${code(stack)})`;
}

const emphasized = (happens: string) => happens.replace(/[A-Z]{2,}(?: [A-Z]+)*/, "**$&**");

function ofTerraform(messages: readonly Message[]): string[] {
  const items = messages.map(({ text, places }) => `${code(text)} (${places.map(code).join(", ")})`);
  return alert("WARNING", "**Terraform warns.**", items);
}

function notes(outcomes: readonly Outcome[]): string[] {
  const lines = outcomes.flatMap(({ stack, notes }) => notes.map((note) => `- ${code(stack)}: ${note}`));
  return lines.length === 0 ? [] : [lines.join("\n")];
}
