import type { Check, Finding } from "./check.ts";

export type Checked = Finding & { readonly name: string };

export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}

export interface CheckedSection {
  readonly title: string;
  readonly checks: readonly Checked[];
}

/** Makes all checks at once, and hands each on as soon as it and those before it are done: a slow one shows where it is. */
export async function examine(
  sections: readonly Section[],
  print: { title(title: string): void; finding(checked: Checked): void },
): Promise<CheckedSection[]> {
  const running = sections.map(({ title, checks }) => ({
    title,
    findings: checks.map(async ({ name, run }) => ({ name, ...(await run()) })),
  }));
  // One that fails while another is waited for must not end the process before its turn.
  for (const finding of running.flatMap(({ findings }) => findings)) finding.catch(() => {});
  const examined: CheckedSection[] = [];
  for (const { title, findings } of running) {
    print.title(title);
    const checks: Checked[] = [];
    for (const finding of findings) {
      const checked = await finding;
      print.finding(checked);
      checks.push(checked);
    }
    examined.push({ title, checks });
  }
  return examined;
}

const statusWidth = "not checked".length + 2;
const nameWidth = 27;

/** A check as lines; what there is to do stands on a line of its own, to be copied. */
export function lines({ status, name, found, needed, fix }: Checked): string {
  const indent = " ".repeat(statusWidth + 2);
  // What spans lines is indented as a whole.
  const rest = (text: string) => text.replaceAll("\n", `\n${indent}`);
  return [
    `  ${status.padEnd(statusWidth)}${name.padEnd(nameWidth)} ${rest(found)}`,
    ...(needed === undefined ? [] : [`${indent}needed: ${rest(needed)}`]),
    ...(fix === undefined ? [] : [`${indent}do: ${rest(fix)}`]),
  ].join("\n");
}

export function summary(sections: readonly CheckedSection[]): { problems: number; warnings: number; text: string } {
  const all = sections.flatMap(({ checks }) => checks);
  const count = (status: string) => all.filter((checked) => checked.status === status).length;
  const [problems, warnings, unknown] = [count("problem"), count("warning"), count("not checked")];
  const some = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
  return {
    problems,
    warnings,
    text: `${some(problems, "problem")}, ${some(warnings, "warning")}, ${unknown} not checked`,
  };
}
