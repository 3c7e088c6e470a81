/** A literal value on one line, without markup or mentions. */
export function code(text: string): string {
  const line = text.replace(/\s+/g, " ");
  const ticks = "`".repeat(1 + longestRun([line]));
  return line.includes("`") ? `${ticks} ${line} ${ticks}` : `${ticks}${line}${ticks}`;
}

/** An alert of GitHub. */
export function alert(kind: "CAUTION" | "WARNING", title: string, items: readonly string[]): string[] {
  return items.length === 0
    ? []
    : [[`> [!${kind}]`, `> ${title}`, ">", ...items.map((item) => `> - ${item}`)].join("\n")];
}

/** A fold of literal lines, with the lines that fit and a note of the others; "" if not even the note fits. */
export function fold(
  { title, lines, isOpen }: { readonly title: string; readonly lines: readonly string[]; readonly isOpen: boolean },
  room: number,
  whole: string,
): string {
  const fence = "`".repeat(Math.max(3, 1 + longestRun(lines)));
  const around = (body: readonly string[], after: string) =>
    `<details${isOpen ? " open" : ""}><summary>${title}</summary>\n\n${fence}text\n${body.join("\n")}\n${fence}\n${after}</details>`;
  const around0 = around([], "").length;
  if (around0 + lengthOf(lines) <= room) return around(lines, "");
  const note = (kept: number) =>
    `\n${lines.length - kept} of ${lines.length} lines are cut here; all of them are ${whole}.\n`;
  let kept = 0;
  let left = room - around0 - note(0).length - 10;
  while (kept < lines.length && left - (lines[kept] ?? "").length - 1 >= 0) left -= (lines[kept++] ?? "").length + 1;
  if (kept > 0) return around(lines.slice(0, kept), note(kept));
  const absent = `${title}: ${lines.length} lines, cut here; all of them are ${whole}.`;
  return absent.length <= room ? absent : "";
}

export function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}

function longestRun(lines: readonly string[]): number {
  let longest = 0;
  for (const line of lines) {
    for (const run of line.match(/`+/g) ?? []) longest = Math.max(longest, run.length);
  }
  return longest;
}
