import { changedAttributes } from "./attributes.ts";
import { consequenceOf, consequenceOfAddition, nounOf } from "./consequences.ts";
import { consequencesOfUpdate } from "./disturbing-updates.ts";
import { relevantDrift } from "./drift.ts";
import type { MonthlyPrice } from "./loosened.ts";
import { machinePrice } from "./machine-price.ts";
import { newPermissionsOf } from "./new-permissions.ts";
import type { Outcome } from "./outcome.ts";
import {
  actionOf,
  attributesOf,
  type Change,
  isImport,
  nameOf,
  outputChanges,
  type Plan,
  type ResourceChange,
  resourceChanges,
  withoutKeys,
} from "./plan.ts";
import { redactor } from "./redact.ts";
import { pathText } from "./values.ts";

/** Numbers of resources. A replacement counts once. */
export interface Counts {
  readonly add: number;
  readonly change: number;
  readonly replace: number;
  readonly destroy: number;
  readonly imported: number;
  readonly moved: number;
  readonly forgotten: number;
  /** Objects that failed replacements have left over, of those to destroy or to forget. */
  readonly deposed: number;
  /** Changes that Terraform can plan only after this deploy. */
  readonly deferred: number;
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
  const actions = new Map<string, number>();
  for (const { change } of changes) actions.set(actionOf(change), (actions.get(actionOf(change)) ?? 0) + 1);
  const count = (action: ReturnType<typeof actionOf>) => actions.get(action) ?? 0;
  return {
    add: count("create"),
    change: count("update"),
    replace: count("replace"),
    destroy: count("delete"),
    forgotten: count("forget"),
    deposed: changes.filter(({ deposed }) => deposed).length,
    deferred: plan.deferred_changes?.length ?? 0,
    imported: changes.filter(({ change }) => isImport(change)).length,
    moved: changes.filter(({ previous_address }) => previous_address).length,
    outputs: outputChanges(plan).length,
    drifted: relevantDrift(plan).length,
  };
}

/** Whether applying it would change anything, even if only the state. */
export function changesAnything(plan: Plan): boolean {
  return resourceChanges(plan).length > 0 || outputChanges(plan).length > 0 || isDeferred(plan);
}

function isDeferred({ complete, deferred_changes = [] }: Plan): boolean {
  return complete === false || deferred_changes.length > 0;
}

/** Whether a deploy would change anything, as far as the plan can know. */
export function hasChanges(outcome: Outcome): boolean {
  // A waiting stack was never deployed, or reads an output that does not exist yet.
  return outcome.kind === "waits" || (outcome.kind === "planned" && changesAnything(outcome.plan));
}

/** The changes that a reviewer must not miss. */
export function warningsOf(stack: string, plan: Plan): Warning[] {
  const context: Context = {
    monthly: machinePrice(plan),
    permissionsOf: newPermissionsOf(plan),
    setInCode: attributesInCode(plan),
  };
  const hide = redactor(plan);
  const now = resourceChanges(plan).flatMap((resource) =>
    warningsOfResource(resource, context).map((warning) => ({ ...warning, because: hide(warning.because, resource) })),
  );
  const later = (plan.deferred_changes ?? []).flatMap(({ reason, resource_change }) =>
    warningsOfResource(resource_change, context).map((warning) => ({
      ...warning,
      happens: `${warning.happens} after this deploy`,
      because: `${hide(warning.because, resource_change)}; deferred: ${reasons[reason ?? ""] ?? reason ?? "Terraform names no reason"}`,
    })),
  );
  return [...now, ...later].map((warning) => ({ stack, ...warning }));
}

interface Context {
  readonly monthly: MonthlyPrice;
  readonly permissionsOf: ReturnType<typeof newPermissionsOf>;
  readonly setInCode: ReturnType<typeof attributesInCode>;
}

/** The names of the attributes that the code sets; undefined for a resource whose code the plan does not hold. */
function attributesInCode({ configuration }: Plan): (resource: ResourceChange) => ReadonlySet<string> | undefined {
  const resources = configuration?.root_module?.resources ?? [];
  const known = new Map(resources.map(({ address, expressions = {} }) => [address, new Set(Object.keys(expressions))]));
  return ({ address }) => known.get(withoutKeys(address));
}

/** A replacement without the values that the provider gives to every new resource, because the code does not set them. */
function withoutDefaults(change: Change, inCode: ReadonlySet<string> | undefined): Change {
  const unknown = attributesOf(change.after_unknown);
  const isUnknown = (name: string) => JSON.stringify(unknown[name]).includes("true");
  const defaults = Object.keys(unknown).filter((name) => inCode?.has(name) === false && isUnknown(name));
  if (defaults.length === 0) return change;
  const [before, after, left] = [{ ...attributesOf(change.before) }, { ...attributesOf(change.after) }, { ...unknown }];
  for (const name of defaults) {
    delete before[name];
    delete after[name];
    delete left[name];
  }
  return { ...change, before, after, after_unknown: left };
}

type ResourceWarning = Omit<Warning, "stack">;

function warningsOfResource(
  resource: ResourceChange,
  { monthly, permissionsOf, setInCode }: Context,
): ResourceWarning[] {
  const { type, change, deposed } = resource;
  const address = nameOf(resource);
  const action = actionOf(change);
  if (action === "none") return [];
  if (action === "update") {
    return consequencesOfUpdate(type, change, monthly).map((update) => ({ address, ...update }));
  }
  if (action === "create") {
    const permission = permissionsOf(resource);
    const noun = nounOf(type);
    if (permission !== undefined) {
      const { severity, happens, because, effect } = permission;
      return [{ severity, noun, address, happens, because, effect }];
    }
    const addition = consequenceOfAddition(type, change);
    const because = "it is new in the code";
    return addition === undefined ? [] : [{ severity: "notice", address, happens: "is ADDED", because, ...addition }];
  }
  if (action === "forget") {
    const effect = "it stays, and costs what it costs now, but no deploy and no destroy touches it any more";
    return [
      { severity: "notice", noun: nounOf(type), address, happens: "is FORGOTTEN", because: reasonOf(resource), effect },
    ];
  }
  const { noun, severity, effect } = consequenceOf(type, action, change);
  if (deposed) {
    const because = "a replacement failed in part, and left it over";
    const stays = "only the left-over object goes; its successor of the same address stays";
    return [{ severity: "loud", noun, address, happens: "is DESTROYED", because, effect: stays }];
  }
  const done = action === "delete" ? "DESTROYED" : "REPLACED";
  // The rest of what changes goes with the replacement. Capitals mark what would be a warning without it, too.
  const opened =
    action === "delete"
      ? []
      : consequencesOfUpdate(type, withoutDefaults(change, setInCode(resource)), monthly).filter(({ happens }) =>
          /[A-Z]{4}/.test(happens),
        );
  return [
    { severity, noun, address, happens: `is ${done}${orderOf(change)}`, because: reasonOf(resource), effect },
    ...opened.map((update) => ({ address, ...update })),
  ];
}

function orderOf({ actions }: Change): string {
  if (actions.includes("forget")) return " (the old one is forgotten: it stays, unmanaged)";
  // With create_before_destroy, Terraform creates the new one first.
  return actions[0] === "create" && actions.includes("delete") ? " (the new one is created first)" : "";
}

/** Terraform's reasons for changes without a causing attribute. */
const reasons: Readonly<Record<string, string>> = {
  delete_because_no_resource_config: "it is no longer in the code",
  delete_because_wrong_repetition: "it is no longer in the code",
  delete_because_count_index: "it is no longer in the code",
  delete_because_each_key: "it is no longer in the code",
  delete_because_no_module: "it is no longer in the code",
  instance_count_unknown: "Terraform does not know yet how many there will be",
  resource_config_unknown: "Terraform does not know its settings yet",
  provider_config_unknown: "Terraform does not know yet how to reach its provider",
  absent_prereq: "it needs something that does not exist yet",
  deferred_prereq: "it needs something that is deferred, too",
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
