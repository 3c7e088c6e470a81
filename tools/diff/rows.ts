import { changedAttributes } from "./attributes.ts";
import type { Outcome, Report } from "./outcome.ts";
import { actionOf, nameOf, outputChanges, type Plan, resourceChanges } from "./plan.ts";
import { redacted } from "./redact.ts";
import { type Counts, changesAnything, countsOf, type Warning, warningsOf } from "./summary.ts";

/** The head of the table. A row has four numbers and the rest in words, or one sentence after the stack. */
export const columns = ["stack", "add", "change", "replace", "destroy", "besides"] as const;

export type Row =
  | { readonly stack: string; readonly cells: readonly string[] }
  | { readonly stack: string; readonly sentence: string; readonly failed: boolean };

export function rowOf(outcome: Outcome): Row {
  const { stack } = outcome;
  if (outcome.kind === "failed")
    return { stack, sentence: `FAILED: terraform ${outcome.step}, see below`, failed: true };
  if (outcome.kind === "waits") {
    return { stack, sentence: `can be planned when ${outcome.upstream} is deployed`, failed: false };
  }
  if (!changesAnything(outcome.plan)) return { stack, sentence: "nothing changes", failed: false };
  const counts = countsOf(outcome.plan);
  const numbers = [counts.add, counts.change, counts.replace, counts.destroy].map(String);
  return { stack, cells: [...numbers, besides(counts, outcome.plan).join(", ")] };
}

function besides(counts: Counts, plan: Plan): string[] {
  const of = (count: number, noun: string) => (count === 0 ? [] : [`${count} ${noun}`]);
  return [
    ...of(counts.imported, "imported"),
    ...of(counts.moved, "moved"),
    ...of(counts.forgotten, "forgotten (left running, unmanaged)"),
    ...of(counts.deposed, "deposed (left over by a failed replacement)"),
    ...of(counts.deferred, "deferred to the next plan"),
    ...of(counts.outputs, counts.outputs === 1 ? "output" : "outputs"),
    ...of(counts.drifted, "changed outside Terraform"),
    ...(plan.complete === false && counts.deferred === 0 ? ["more in the next plan (deferred)"] : []),
  ];
}

/** One warning for all resources that it is true of, in the same words. */
export interface GroupedWarning extends Omit<Warning, "address"> {
  readonly addresses: readonly string[];
}

/** A report is rendered several times: for the log, the comment and its shorter forms. */
const known = new WeakMap<Report, readonly GroupedWarning[]>();

/** The warnings of all stacks, the worst first. */
export function allWarnings(report: Report): readonly GroupedWarning[] {
  const found = known.get(report) ?? groupedWarnings(report);
  known.set(report, found);
  return found;
}

function groupedWarnings({ outcomes }: Report): GroupedWarning[] {
  const groups = new Map<string, { warning: Warning; addresses: string[] }>();
  for (const outcome of outcomes) {
    if (outcome.kind !== "planned") continue;
    for (const warning of warningsOf(outcome.stack, outcome.plan)) {
      const key = JSON.stringify({ ...warning, address: "" });
      const group = groups.get(key) ?? { warning, addresses: [] };
      group.addresses.push(warning.address);
      groups.set(key, group);
    }
  }
  const grouped = [...groups.values()].map(({ warning: { address, ...warning }, addresses }) => ({
    ...warning,
    addresses,
  }));
  return grouped.sort((a, b) => Number(b.severity === "loud") - Number(a.severity === "loud"));
}

/** The text after the table, for each stack with changes or an error. The same error of several stacks is printed once. */
export function detailsOf({ outcomes }: Report): { readonly outcome: Outcome; readonly text: string }[] {
  return outcomes.flatMap((outcome, index) => {
    const same = outcomes.slice(0, index).find((other) => isSameError(other, outcome));
    const text = same === undefined ? detailOf(outcome) : `The same error as that of ${same.stack}.`;
    return text === undefined ? [] : [{ outcome, text }];
  });
}

function isSameError(one: Outcome, other: Outcome): boolean {
  return one.kind === "failed" && other.kind === "failed" && one.error === other.error;
}

function detailOf(outcome: Outcome): string | undefined {
  if (outcome.kind === "failed") return outcome.error;
  if (outcome.kind === "waits" || !changesAnything(outcome.plan)) return undefined;
  return outcome.text ?? written(outcome.plan);
}

export const signs = { create: "+", update: "~", replace: "-/+", delete: "-", forget: ".", none: " " } as const;

/** Renders a JSON-only plan: each resource with its changed attributes. */
function written(plan: Plan): string {
  const resources = resourceChanges(plan).flatMap(({ address, deposed, previous_address, change }) => {
    const action = actionOf(change);
    const attributes = action === "update" || action === "replace" ? changedAttributes(change) : [];
    return [
      `${signs[action]} ${nameOf({ address, ...(deposed === undefined ? {} : { deposed }) })}${previous_address ? ` (was ${previous_address})` : ""}${change.importing ? " (imported)" : ""}`,
      ...attributes.map(
        ({ path, before, after, replaces }) =>
          `      ${path}: ${before} -> ${after}${replaces ? " # forces replacement" : ""}`,
      ),
    ];
  });
  const outputs = outputChanges(plan).map((name) => `~ output ${name}`);
  return redacted([...resources, ...outputs].join("\n"), plan);
}
