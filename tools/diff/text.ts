import { table } from "../support/table.ts";
import { billInWords, removedInWords, removedUnknown } from "./bills.ts";
import { messagesOf } from "./messages.ts";
import type { Report } from "./outcome.ts";
import { allWarnings, columns, detailsOf, rowOf } from "./rows.ts";

/** A report for a terminal or a log: table, warnings, notes, and every plan in full. */
export function renderText(report: Report): string {
  const details = detailsOf(report).map(({ outcome, text }) => {
    const title = outcome.kind === "failed" ? `${outcome.stack}: terraform ${outcome.step} failed` : outcome.stack;
    return `${title}\n${"-".repeat(title.length)}\n${text}`;
  });
  return `${[...summaryOf(report), ...details].join("\n\n")}\n`;
}

/** The same without the plans, for a terminal that has them already. */
export function renderSummary(report: Report): string {
  return `${summaryOf(report).join("\n\n")}\n`;
}

function summaryOf(report: Report): string[] {
  const { outcomes, removed = [], cost = [] } = report;
  const warnings = allWarnings(report).map(({ severity, stack, noun, addresses, happens, because, effect }) => {
    const [first] = addresses;
    const all = addresses.length === 1 ? "" : `\n  also: ${addresses.slice(1).join(", ")}`;
    return `${severity === "loud" ? "WARNING" : "Note"}, ${stack}: ${noun} ${first} ${happens}\n  because ${because}\n  ${effect}${all}`;
  });
  const messages = messagesOf(report).map(
    ({ text, places }) => `Warning of Terraform: ${text}\n  ${places.join(", ")}`,
  );
  const gone = removed.map(
    ({ stack, ...rest }) => `WARNING, ${stack} is REMOVED from the code\n  ${removedInWords(rest)}`,
  );
  const notes = outcomes.flatMap(({ stack, notes }) => notes.map((note) => `${stack}: ${note}`));
  return [
    ...(outcomes.length === 0 ? [] : [tableOf(report)]),
    ...report.remarks,
    ...(report.isRemovedUnknown === true ? [`WARNING: ${removedUnknown}.`] : []),
    ...gone,
    ...warnings,
    ...messages,
    ...(cost.length === 0 ? [] : [cost.map(billInWords).join("\n")]),
    ...(notes.length === 0 ? [] : [notes.join("\n")]),
  ];
}

function tableOf({ outcomes }: Report): string {
  const rendered = table(columns, [1, 2, 3, 4]);
  for (const outcome of outcomes) {
    const row = rowOf(outcome);
    if ("cells" in row) {
      rendered.push([row.stack, ...row.cells]);
    } else {
      rendered.push([row.stack, { content: row.sentence, colSpan: columns.length - 1, hAlign: "left" }]);
    }
  }
  // Between rows with another number of cells, cli-table3 prints the joints of the line that this table does without.
  return rendered
    .toString()
    .split("\n")
    .filter((line) => !/^[┬┴]+$/.test(line))
    .join("\n");
}
