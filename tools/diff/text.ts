import Table from "cli-table3";
import type { Report } from "./outcome.ts";
import { allWarnings, columns, detailsOf, rowOf } from "./rows.ts";

/** A report for a terminal or a log: table, warnings, notes, and every plan in full. */
export function renderText(report: Report): string {
  const { outcomes } = report;
  const warnings = allWarnings(report).map(
    ({ severity, stack, what, address, happens, because, effect }) =>
      `${severity === "loud" ? "WARNING" : "Note"}, ${stack}: ${what} ${address} ${happens}\n  because ${because}\n  ${effect}`,
  );
  const notes = outcomes.flatMap(({ stack, notes }) => notes.map((note) => `${stack}: ${note}`));
  const details = detailsOf(report).map(({ outcome, text }) => {
    const title = outcome.kind === "failed" ? `${outcome.stack}: terraform ${outcome.step} failed` : outcome.stack;
    return `${title}\n${"-".repeat(title.length)}\n${text}`;
  });
  const parts = [
    ...(outcomes.length === 0 ? [] : [table(report)]),
    ...report.remarks,
    ...warnings,
    ...(notes.length === 0 ? [] : [notes.join("\n")]),
    ...details,
  ];
  return `${parts.join("\n\n")}\n`;
}

function table({ outcomes }: Report): string {
  const rendered = new Table({ head: [...columns], style: { head: [], border: [], compact: true } });
  for (const outcome of outcomes) {
    const row = rowOf(outcome);
    if ("cells" in row) {
      const cells = row.cells.map((content, index) => ({ content, hAlign: index < 4 ? "right" : "left" }) as const);
      rendered.push([row.stack, ...cells]);
    } else {
      rendered.push([row.stack, { content: row.sentence, colSpan: columns.length - 1 }]);
    }
  }
  return rendered.toString();
}
