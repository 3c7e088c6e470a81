import type { Change, Plan, ResourceChange } from "../../tools/diff/plan.ts";
import { warningsOf } from "../../tools/diff/summary.ts";

export const plan = (resource_changes: ResourceChange[], rest: Partial<Plan> = {}): Plan => ({
  format_version: "1.2",
  resource_changes,
  ...rest,
});
/** The warnings of a plan, a line for each. */
export const inWords = (of: Plan) =>
  warningsOf("dev", of).map(({ severity, happens, because }) => `${severity}: ${happens}, ${because}`);
/** The warnings of one change in place. */
export const update = (type: string, before: object, after: object, rest: Partial<Change> = {}) =>
  inWords(plan([{ address: `${type}.x`, type, change: { actions: ["update"], before, after, ...rest } }]));
/** The endpoint of an EKS cluster. */
export const endpoint = (public_access_cidrs: string[] | null) => ({ vpc_config: [{ public_access_cidrs }] });
/** A policy document that allows one action. */
export const document = (Action: string) => JSON.stringify({ Statement: [{ Effect: "Allow", Action, Resource: "*" }] });
