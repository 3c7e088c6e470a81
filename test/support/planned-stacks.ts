import type { Outcome } from "../../tools/diff/outcome.ts";
import type { Plan } from "../../tools/diff/plan.ts";
import type { SynthesizedStack } from "../../tools/support/synthesize.ts";

export const planOf = (changes: Partial<Plan> = {}): Plan => ({ format_version: "1.2", ...changes });
/** The creation of a resource, in a plan. */
export const created = { address: "a.b", type: "a", change: { actions: ["create"] } };
export const changing = planOf({ resource_changes: [created] });

/** A stack that is in no folder. */
export const stack = (id: string, dependencies: readonly string[] = [], json = "{}"): SynthesizedStack => {
  return { id, folder: "", dependencies, json, remarks: [] };
};

/** @param file of the plan. */
export const planned = (id: string, plan: Plan, file = `${id}.file`) =>
  ({ stack: id, notes: [], kind: "planned", plan, file }) satisfies Outcome;
