import { changedAttributes } from "./attributes.ts";
import { relevantDrift } from "./drift.ts";
import type { Outcome } from "./outcome.ts";
import { type Action, actionOf, isImport, nameOf, type Plan, resourceChanges } from "./plan.ts";

/** In the order of a reader's interest. */
const headings: readonly (readonly [Action, string])[] = [
  ["delete", "destroy"],
  ["replace", "replace"],
  ["forget", "forget, and leave running"],
  ["update", "change"],
  ["create", "add"],
];

/** The addresses of everything that changes, by what happens to it: a line for each. */
export function changedResources(outcome: Outcome): string[] {
  if (outcome.kind !== "planned") return [];
  const { plan } = outcome;
  const changes = resourceChanges(plan);
  const byAction = headings.flatMap(([action, heading]) =>
    section(heading, changes.filter(({ change }) => actionOf(change) === action).map(nameOf)),
  );
  const moved = changes.filter(({ previous_address }) => previous_address);
  return [
    ...byAction,
    ...section("import", changes.filter(({ change }) => isImport(change)).map(nameOf)),
    ...section(
      "move",
      moved.map((one) => `${one.previous_address} -> ${nameOf(one)}`),
    ),
    ...section(
      "defer to the next plan",
      (plan.deferred_changes ?? []).map((one) => nameOf(one.resource_change)),
    ),
    ...section("changed outside Terraform", drifted(plan)),
  ];
}

function section(heading: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${heading}:`, ...names.map((name) => `  ${name}`)];
}

function drifted(plan: Plan): string[] {
  return relevantDrift(plan).map(({ address, change }) => {
    if (actionOf(change) === "delete") return `${address}: deleted`;
    const paths = changedAttributes(change).map(({ path }) => path);
    const more = paths.length > 3 ? ` and ${paths.length - 3} more` : "";
    return `${address}: ${paths.slice(0, 3).join(", ")}${more}`;
  });
}
