import { describeProblem, show } from "sweep-worker/contract";
import { ToolError } from "../support/tool.ts";

/**
 * The used fields of a plan as `terraform show -json` writes it. It holds sensitive values in clear, so print it through
 * {@link changedAttributes}, or print Terraform's own text.
 * @see https://developer.hashicorp.com/terraform/internals/json-format
 */
export interface Plan {
  readonly format_version: string;
  /** False if Terraform deferred changes to the next plan. */
  readonly complete?: boolean;
  readonly errored?: boolean;
  readonly resource_changes?: readonly ResourceChange[];
  /** Differences between the state and a refresh, most of which are nobody's change: see {@link relevantDrift}. */
  readonly resource_drift?: readonly ResourceChange[];
  /** The attributes that the planned changes read. */
  readonly relevant_attributes?: readonly {
    readonly resource: string;
    readonly attribute: readonly (string | number)[];
  }[];
  readonly output_changes?: Readonly<Record<string, Change>>;
  /** Changes that Terraform can plan only after this deploy. */
  readonly deferred_changes?: readonly { readonly reason?: string; readonly resource_change: ResourceChange }[];
  /** The results of `check` blocks, preconditions and postconditions. */
  readonly checks?: readonly {
    readonly address: { readonly to_display: string };
    readonly status: string;
    readonly instances?: readonly {
      readonly address: { readonly to_display: string };
      readonly status: string;
      readonly problems?: readonly { readonly message: string }[];
    }[];
  }[];
  /** Among others, the data sources that the plan has read. */
  readonly prior_state?: {
    readonly values?: {
      readonly root_module?: {
        readonly resources?: readonly {
          readonly address: string;
          readonly values?: { readonly outputs?: Readonly<Record<string, unknown>> };
        }[];
      };
    };
  };
  readonly variables?: Readonly<Record<string, { readonly value?: unknown }>>;
  readonly configuration?: {
    readonly provider_config?: Readonly<Record<string, { readonly expressions?: Readonly<Record<string, unknown>> }>>;
    readonly root_module?: {
      readonly variables?: Readonly<Record<string, { readonly sensitive?: boolean }>>;
      readonly resources?: readonly {
        readonly address: string;
        readonly expressions?: Readonly<Record<string, unknown>>;
      }[];
    };
  };
}

export interface ResourceChange {
  readonly address: string;
  /** Set if the resource had another address before (`moved`). */
  readonly previous_address?: string;
  readonly mode?: string;
  /** The key of an object that a replacement, which failed in part, has left over. The address is that of its successor. */
  readonly deposed?: string;
  readonly type: string;
  readonly change: Change;
  /** The reason, for example `delete_because_no_resource_config`. */
  readonly action_reason?: string;
}

export interface Change {
  readonly actions: readonly string[];
  readonly before?: unknown;
  readonly after?: unknown;
  readonly after_unknown?: unknown;
  readonly before_sensitive?: unknown;
  readonly after_sensitive?: unknown;
  /** The attributes that cannot be changed in place. */
  readonly replace_paths?: readonly (readonly (string | number)[])[];
  readonly importing?: unknown;
}

/** The attributes of a resource. */
export type Attributes = Readonly<Record<string, unknown>>;

/** The attributes of a resource before or after a change; none where there is no resource. */
export function attributesOf(values: Change["before"]): Attributes {
  return (values ?? {}) as Attributes;
}

/**
 * The change of a resource. `forget` leaves it running but unmanaged; `none` is a `no-op`, or the read of a data source. An action that this
 * version does not know counts as an update, so that nothing is silent.
 */
export type Action = "create" | "update" | "replace" | "delete" | "forget" | "none";

export function actionOf({ actions }: Change): Action {
  const has = (action: string) => actions.includes(action);
  if (has("create") && (has("delete") || has("forget"))) return "replace";
  const single = (["create", "update", "delete", "forget"] as const).find(has);
  return single ?? (actions.every((action) => action === "no-op" || action === "read") ? "none" : "update");
}

/** The resources that change. Data sources are only read. */
export function resourceChanges(plan: Plan): ResourceChange[] {
  return (plan.resource_changes ?? []).filter(
    ({ mode, change, previous_address }) =>
      mode !== "data" &&
      (actionOf(change) !== "none" || isImport(change) || (previous_address !== undefined && previous_address !== "")),
  );
}

/** The address of a resource, and which object it is if the resource has several. */
export function nameOf({ address, deposed }: Pick<ResourceChange, "address" | "deposed">): string {
  return deposed === undefined || deposed === "" ? address : `${address} (deposed object ${deposed})`;
}

/** `a.b["c"]` as the code has it: `a.b`. */
export function withoutKeys(address: string): string {
  return address.replace(/\[[^\]]*\]/g, "");
}

/** Names of the outputs whose values change. Other stacks may read them. */
export function outputChanges(plan: Plan): string[] {
  const changes = Object.entries(plan.output_changes ?? {});
  return changes.filter(([, change]) => actionOf(change) !== "none").map(([name]) => name);
}

export function isImport(change: Change): boolean {
  return change.importing !== undefined && change.importing !== null;
}

/**
 * Parses the output of `terraform show -json`.
 * @param source its origin, for the error.
 * @throws ToolError if it is no plan.
 */
export function readPlan(text: string, source: string): Plan {
  const refused = (field: readonly string[], allowed: string, got: string, fix: string) =>
    new ToolError(describeProblem({ path: ["plan", ...field], allowed, got: `${got} in ${source}`, fix }));
  const noPlan = (got: string) =>
    refused([], "the JSON of a plan", got, "use the output of terraform show -json <plan file>");
  let plan: (Plan & { planned_values?: unknown }) | null;
  try {
    plan = JSON.parse(text);
  } catch {
    throw noPlan(show(text.slice(0, 40)));
  }
  const version = typeof plan === "object" ? plan?.format_version : undefined;
  if (plan === null || typeof version !== "string") throw noPlan("JSON without format_version");
  if (plan.planned_values === undefined) throw noPlan("a state");
  if (!version.startsWith("1.")) {
    throw refused(["format_version"], "1.x", show(version), "update this repository");
  }
  return plan;
}
