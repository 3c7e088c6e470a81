import { changedAttributes } from "./attributes.ts";
import { actionOf, type Plan, type ResourceChange } from "./plan.ts";
import { isWithin, pathText, unknownValue } from "./values.ts";

/**
 * The changes outside Terraform that matter to this plan.
 *
 * Terraform's `resource_drift` lists every difference between the state and a refresh, and after a first deploy those are many:
 * lists that later resources of the same deploy have filled (`aws_route_table.route`), and `{}` in place of null. Terraform's own
 * text shows only those that a change reads (`relevant_attributes`), and leaves out those that the plan takes back. Here the latter
 * count, too: a reviewer must see that such a change is no change of the code.
 * @see https://developer.hashicorp.com/terraform/internals/json-format
 */
export function relevantDrift({
  resource_drift = [],
  resource_changes = [],
  relevant_attributes = [],
}: Plan): ResourceChange[] {
  if (resource_drift.length === 0) return [];
  const read = new Map<string, string[]>();
  for (const { resource, attribute } of relevant_attributes) {
    read.set(resource, [...(read.get(resource) ?? []), pathText(attribute)]);
  }
  // An object that a failed replacement has left over shares the address of its successor.
  const current = resource_changes.filter(({ deposed }) => !deposed);
  const planned = new Map(current.map((change) => [change.address, change]));
  return resource_drift.filter(
    (drift) => isRead(drift, read.get(drift.address) ?? []) || isTakenBack(drift, planned.get(drift.address)),
  );
}

/** Whether the value of a planned change comes from the changed attribute. */
function isRead(drift: ResourceChange, read: readonly string[]): boolean {
  if (actionOf(drift.change) === "delete") return read.length > 0;
  return driftedPaths(drift).some((path) => read.some((of) => overlap(path, of)));
}

/** Whether the plan changes the attribute back or to something else, or creates again what was deleted. */
function isTakenBack(drift: ResourceChange, planned: ResourceChange | undefined): boolean {
  const action = planned === undefined ? "none" : actionOf(planned.change);
  if (planned === undefined || action === "none") return false;
  if (actionOf(drift.change) === "delete") return action === "create";
  if (action === "delete") return false;
  const changed = changedAttributes(planned.change).filter(({ after }) => after !== unknownValue);
  return driftedPaths(drift).some((path) => changed.some((other) => overlap(path, other.path)));
}

function driftedPaths({ change }: ResourceChange): string[] {
  const isEmpty = (value: string) => ["null", '""', "[]", "{}"].includes(value);
  return changedAttributes(change)
    .filter(({ before, after }) => !(isEmpty(before) && isEmpty(after)))
    .map(({ path }) => path);
}

function overlap(one: string, other: string): boolean {
  return one === "" || other === "" || isWithin(one, other) || isWithin(other, one);
}
