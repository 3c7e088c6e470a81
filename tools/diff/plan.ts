import { show } from "../../constructs/support/problems.ts";
import { ToolError } from "../support/tool.ts";

/**
 * What is read of a plan as `terraform show -json` writes it. Values in it are in clear, sensitive ones too: what is printed
 * goes through {@link changedAttributes}, or is Terraform's own text.
 * @see https://developer.hashicorp.com/terraform/internals/json-format
 */
export interface Plan {
  readonly format_version: string;
  /** False when Terraform put changes off; what is missing comes with the next plan. */
  readonly complete?: boolean;
  readonly errored?: boolean;
  readonly resource_changes?: readonly ResourceChange[];
  /** What was changed by something other than Terraform since it last looked. */
  readonly resource_drift?: readonly ResourceChange[];
  readonly output_changes?: Readonly<Record<string, Change>>;
  readonly variables?: Readonly<Record<string, { readonly value?: unknown }>>;
  readonly configuration?: {
    readonly root_module?: { readonly variables?: Readonly<Record<string, { readonly sensitive?: boolean }>> };
  };
}

export interface ResourceChange {
  readonly address: string;
  /** Set when the resource had another address before (`moved`). */
  readonly previous_address?: string;
  readonly mode?: string;
  readonly type: string;
  readonly change: Change;
  /** Why, for example `delete_because_no_resource_config`. */
  readonly action_reason?: string;
}

export interface Change {
  readonly actions: readonly string[];
  readonly before?: unknown;
  readonly after?: unknown;
  readonly after_unknown?: unknown;
  readonly before_sensitive?: unknown;
  readonly after_sensitive?: unknown;
  /** Which attributes cannot be changed in place. */
  readonly replace_paths?: readonly (readonly (string | number)[])[];
  readonly importing?: unknown;
}

/** What becomes of a resource. `forget` leaves it running, unmanaged; `none` is a `no-op`, or a data source that is read. */
export type Action = "create" | "update" | "replace" | "delete" | "forget" | "none";

export function actionOf({ actions }: Change): Action {
  const has = (action: string) => actions.includes(action);
  if (has("create") && (has("delete") || has("forget"))) return "replace";
  const single = (["create", "update", "delete", "forget"] as const).find(has);
  return single ?? "none";
}

/** Resources of which something happens; data sources are only read. */
export function resourceChanges(plan: Plan): ResourceChange[] {
  return (plan.resource_changes ?? []).filter(
    ({ mode, change, previous_address }) =>
      mode !== "data" &&
      (actionOf(change) !== "none" || isImport(change) || (previous_address !== undefined && previous_address !== "")),
  );
}

/** Names of the outputs that get another value; other stacks may read them. */
export function outputChanges(plan: Plan): string[] {
  const changes = Object.entries(plan.output_changes ?? {});
  return changes.filter(([, change]) => actionOf(change) !== "none").map(([name]) => name);
}

export function isImport(change: Change): boolean {
  return change.importing !== undefined && change.importing !== null;
}

/**
 * Reads what `terraform show -json` printed.
 * @param source where it comes from, for the error.
 * @throws ToolError when it is no plan.
 */
export function readPlan(text: string, source: string): Plan {
  const help = `allowed is what \`terraform show -json <plan file>\` prints`;
  let plan: (Plan & { planned_values?: unknown }) | null;
  try {
    plan = JSON.parse(text);
  } catch {
    throw new ToolError(`${source} is no JSON: got ${show(text.slice(0, 40))}; ${help}`);
  }
  const version = typeof plan === "object" ? plan?.format_version : undefined;
  if (plan === null || typeof version !== "string" || plan.planned_values === undefined) {
    throw new ToolError(
      `${source} is no plan: got ${version === undefined ? "JSON without format_version" : "a state"}; ${help}`,
    );
  }
  if (!version.startsWith("1.")) {
    throw new ToolError(`${source} has format_version ${show(version)}; allowed is 1.x, so update this repository`);
  }
  return plan;
}
