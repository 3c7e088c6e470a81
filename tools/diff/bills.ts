import type { Bill } from "../cost/bill-of-stacks.ts";
import { showDollars } from "../cost/money.ts";
import type { EnvironmentBill, RemovedStack } from "./outcome.ts";

/** A month's bill before and after, for example `dev: an idle month costs $73 (before: $61), the maximum $940 (as before)`. */
export function billInWords({ environment, before, after }: EnvironmentBill): string {
  if (after === undefined) return `${environment}: its bill is no longer computed, because the code no longer has it`;
  const amount = (name: "idle" | "maximum") => {
    const now = showDollars(after[name]);
    if (before === undefined) return now;
    const then = showDollars(before[name]);
    return then === now ? `${now} (as before)` : `${now} (before: ${then})`;
  };
  return `${environment}: an idle month costs ${amount("idle")}, a month at the maximum ${amount("maximum")}${lacking(after)}${lackingBefore(before, after)}`;
}

function lacking({ lacks }: Bill): string {
  return lacks.length === 0 ? "" : `. This lacks the cost of something: ${lacks.join("; ")}`;
}

/** A bill before that lacked something else is no measure of the one after. */
function lackingBefore(before: Bill | undefined, after: Bill): string {
  const lacks = before?.lacks.filter((part) => !after.lacks.includes(part)) ?? [];
  return lacks.length === 0 ? "" : `. The bill before lacks the cost of something: ${lacks.join("; ")}`;
}

/** The commit before could not be synthesized, so nobody can tell which stacks the code no longer has. */
export const removedUnknown =
  "It is UNKNOWN whether the code has lost a stack. The resources of a lost stack would go on running";

/** The cost and the fate of a stack that the code no longer has. */
export function removedInWords({ idleUsdPerMonth, renamedTo }: Omit<RemovedStack, "stack">): string {
  const cost =
    idleUsdPerMonth === undefined
      ? "the cost of its idle month is not known"
      : `it goes on costing ${showDollars(idleUsdPerMonth)} in an idle month`;
  const renamed =
    renamedTo === undefined
      ? ""
      : `. If ${renamedTo} is the same under a new name: a new name is a new stack with an empty state, so a deploy makes everything a second time, and moves nothing`;
  return `nothing destroys its resources, and Terraform no longer manages them: ${cost}${renamed}. To end it, destroy it from a commit that still has it, before this is merged`;
}
