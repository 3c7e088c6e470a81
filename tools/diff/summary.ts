import { createHash } from "node:crypto";
import { changedAttributes, pathText } from "./attributes.ts";
import { consequenceOf, consequenceOfAddition } from "./consequences.ts";
import { consequencesOfUpdate } from "./disturbing-updates.ts";
import { relevantDrift } from "./drift.ts";
import type { Outcome } from "./outcome.ts";
import { actionOf, isImport, outputChanges, type Plan, type ResourceChange, resourceChanges } from "./plan.ts";
import { redacted } from "./redact.ts";

/** Numbers of resources. A replacement counts once. */
export interface Counts {
  readonly add: number;
  readonly change: number;
  readonly replace: number;
  readonly destroy: number;
  readonly imported: number;
  readonly moved: number;
  readonly forgotten: number;
  readonly outputs: number;
  /** Changed outside Terraform, and read or taken back by the changes that the other counts include. */
  readonly drifted: number;
}

export interface Warning {
  readonly stack: string;
  readonly severity: "loud" | "notice";
  /** For example `node group`. */
  readonly noun: string;
  readonly address: string;
  /** For example `is REPLACED`. */
  readonly happens: string;
  /** The attribute or removal that causes it. */
  readonly because: string;
  /** The effect on users. */
  readonly effect: string;
}

export function countsOf(plan: Plan): Counts {
  const changes = resourceChanges(plan);
  const count = (action: string) => changes.filter(({ change }) => actionOf(change) === action).length;
  return {
    add: count("create"),
    change: count("update"),
    replace: count("replace"),
    destroy: count("delete"),
    forgotten: count("forget"),
    imported: changes.filter(({ change }) => isImport(change)).length,
    moved: changes.filter(({ previous_address }) => previous_address).length,
    outputs: outputChanges(plan).length,
    drifted: relevantDrift(plan).length,
  };
}

/** Whether applying it would change anything, even if only the state. */
export function changesAnything(plan: Plan): boolean {
  return resourceChanges(plan).length > 0 || outputChanges(plan).length > 0 || plan.complete === false;
}

/** Whether a deploy would change anything, as far as the plan can know. */
export function hasChanges(outcome: Outcome): boolean {
  // A waiting stack was never deployed, or reads an output that does not exist yet.
  return outcome.kind === "waits" || (outcome.kind === "planned" && changesAnything(outcome.plan));
}

/** The changes that a reviewer must not miss. */
export function warningsOf(stack: string, plan: Plan): Warning[] {
  return resourceChanges(plan)
    .flatMap((resource) => warningsOfResource(stack, resource))
    .map((warning) => ({ ...warning, because: redacted(warning.because, plan) }));
}

function warningsOfResource(stack: string, resource: ResourceChange): Warning[] {
  const { address, type, change } = resource;
  const action = actionOf(change);
  if (action === "update") {
    return consequencesOfUpdate(type, change).map(({ attributes, ...update }) => {
      const because = `${attributes.join(", ")} ${attributes.length === 1 ? "changes" : "change"}`;
      return { stack, address, because, ...update };
    });
  }
  if (action === "create") {
    const addition = consequenceOfAddition(type, change);
    const because = "it is new in the code";
    return addition === undefined
      ? []
      : [{ stack, severity: "notice", address, happens: "is ADDED", because, ...addition }];
  }
  if (action !== "replace" && action !== "delete") return [];
  const consequence = consequenceOf(type, action, change);
  if (consequence === undefined) return [];
  const { noun, severity, effect } = consequence;
  const done = action === "delete" ? "DESTROYED" : "REPLACED";
  // With create_before_destroy, Terraform creates the new one first.
  const order = action === "replace" && change.actions[0] === "create" ? " (the new one is created first)" : "";
  return [{ stack, severity, noun, address, happens: `is ${done}${order}`, because: reasonOf(resource), effect }];
}

/** Terraform's reasons for changes without a causing attribute. */
const reasons: Readonly<Record<string, string>> = {
  delete_because_no_resource_config: "it is no longer in the code",
  delete_because_wrong_repetition: "it is no longer in the code",
  delete_because_count_index: "it is no longer in the code",
  delete_because_each_key: "it is no longer in the code",
  delete_because_no_module: "it is no longer in the code",
  replace_because_tainted: "it is tainted: its creation failed, or somebody marked it",
  replace_by_request: "somebody requested it (-replace)",
  replace_by_triggers: "a resource that triggers it changes (replace_triggered_by)",
};

function reasonOf({ change, action_reason = "" }: ResourceChange): string {
  const forcing = changedAttributes(change).filter(({ replaces }) => replaces);
  if (forcing.length > 0) return forcing.map(({ path, before, after }) => `${path}: ${before} -> ${after}`).join("; ");
  const paths = (change.replace_paths ?? []).map(pathText);
  if (paths.length > 0) return paths.join(", ");
  return reasons[action_reason] ?? (action_reason === "" ? "Terraform names no reason" : action_reason);
}

/**
 * A digest of the changes of a deploy. Planning the same changes again gives the same digest. It contains no sensitive values,
 * so it may be shown.
 */
export function digestOf(outcomes: readonly Outcome[]): string {
  const hash = createHash("sha256");
  for (const outcome of outcomes) {
    const changes =
      outcome.kind === "planned"
        ? [resourceChanges(outcome.plan).map(fingerprint).sort(), outputChanges(outcome.plan).sort()]
        : [];
    hash.update(JSON.stringify([outcome.stack, outcome.kind, changes]));
  }
  return hash.digest("hex");
}

function fingerprint({ address, previous_address, change }: ResourceChange): string {
  return JSON.stringify([
    address,
    previous_address,
    change.actions,
    changedAttributes(change, Number.POSITIVE_INFINITY),
  ]);
}
