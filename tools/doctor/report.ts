import { countNoun } from "sweep-worker/contract";

/** `not checked`: the check needs something that another finding of the report reports missing. */
export type Status = "ok" | "warning" | "problem" | "not checked";

/** The result of a check. */
export interface Finding {
  readonly status: Status;
  /** The value there is, for example `Terraform 1.9.8`; for `not checked`, the reason. */
  readonly found: string;
  /** The right value, and its purpose. */
  readonly needed?: string;
  /** The remedy: a command to paste where there is one. */
  readonly fix?: string;
}

export interface Check {
  readonly name: string;
  readonly run: () => Finding | Promise<Finding>;
}

export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}

export const ok = (found: string): Finding => ({ status: "ok", found });
/** Something may fail later, or works worse than it could. */
export const warning = (found: string, needed: string, fix: string): Finding => ({
  status: "warning",
  found,
  needed,
  fix,
});
/** A deploy fails. */
export const problem = (found: string, needed: string, fix: string): Finding => ({
  status: "problem",
  found,
  needed,
  fix,
});
export const notChecked = (why: string): Finding => ({ status: "not checked", found: why });

export type Checked = Finding & { readonly name: string };

export interface CheckedSection {
  readonly title: string;
  readonly checks: readonly Checked[];
}

/** Runs all checks at once and prints each after those before it, so that a slow one shows where it is. */
export async function examine(
  sections: readonly Section[],
  print: (text: string) => void = () => {},
): Promise<CheckedSection[]> {
  const running = sections.map(({ title, checks }) => ({ title, findings: checks.map(findingOf) }));
  const examined: CheckedSection[] = [];
  for (const { title, findings } of running) {
    print(title);
    const checks: Checked[] = [];
    for (const finding of findings) {
      const checked = await finding;
      print(lines(checked));
      checks.push(checked);
    }
    examined.push({ title, checks });
  }
  return examined;
}

/** A check that throws must not hide the findings of the others. */
async function findingOf({ name, run }: Check): Promise<Checked> {
  try {
    return { name, ...(await run()) };
  } catch (error) {
    return { name, ...problem(`the check itself failed: ${error}`, "a check that ends", "report it as a bug") };
  }
}

const statusWidth = "not checked".length + 2;
const nameWidth = 17;

/** A check as lines; the fix has a line of its own, to be copied. */
function lines({ status, name, found, needed, fix }: Checked): string {
  const indent = " ".repeat(statusWidth + 2);
  const indented = (text: string) => text.replaceAll("\n", `\n${indent}`);
  return [
    `  ${status.padEnd(statusWidth)}${name.padEnd(nameWidth)} ${indented(found)}`,
    ...(needed === undefined ? [] : [`${indent}needed: ${indented(needed)}`]),
    ...(fix === undefined ? [] : [`${indent}do: ${indented(fix)}`]),
  ].join("\n");
}

export function summary(sections: readonly CheckedSection[]): { problems: number; warnings: number; text: string } {
  const all = sections.flatMap(({ checks }) => checks);
  const count = (status: Status) => all.filter((checked) => checked.status === status).length;
  const [problems, warnings] = [count("problem"), count("warning")];
  const text = `${countNoun(problems, "problem")}, ${countNoun(warnings, "warning")}, ${count("not checked")} not checked`;
  return { problems, warnings, text };
}
