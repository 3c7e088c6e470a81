import type { Bill } from "../cost/bill-of-stacks.ts";
import type { PriceRange } from "../cost/money.ts";
import type { Plan } from "./plan.ts";

/** An error or a warning of Terraform. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly summary: string;
  /** Empty if the summary says everything. */
  readonly detail: string;
  /** The resource that it is about. */
  readonly address?: string;
}

/** The result of planning one stack. */
export type Outcome = { readonly stack: string; readonly notes: readonly string[] } & (
  | {
      readonly kind: "planned";
      readonly plan: Plan;
      /** The plan as Terraform prints it, without sensitive values; absent for a plan given as JSON. */
      readonly text?: string;
      /** Terraform's own warnings; absent for a plan given as JSON. */
      readonly warnings?: readonly Diagnostic[];
      /** The kept plan file, which holds every value in clear; absent unless it was asked for. */
      readonly file?: string;
    }
  /** The stack reads outputs that do not exist yet, which is no error. */
  | { readonly kind: "waits"; readonly upstream: string }
  | { readonly kind: "failed"; readonly step: string; readonly error: string }
);

/** The content of a diff. */
export interface Report {
  /** The requested environments, for example `dev`. */
  readonly subject: string;
  readonly outcomes: readonly Outcome[];
  /** Sentences about stacks that were not planned. */
  readonly remarks: readonly string[];
  /** Stacks that are no longer synthesized. @default - none */
  readonly removed?: readonly RemovedStack[];
  /** Whether `removed` may be incomplete, because the stacks of the earlier commit are unknown; a remark says why. @default false */
  readonly isRemovedUnknown?: boolean;
  /** The bills of environments. @default - nobody has asked for them */
  readonly cost?: readonly EnvironmentBill[];
}

/** A stack that the code no longer has. Its resources stay, and Terraform no longer manages them. */
export interface RemovedStack {
  readonly stack: string;
  /** What it costs without any work; absent if nobody knows. */
  readonly idleUsdPerMonth?: PriceRange;
  /** A new stack, which may be the same under another name. */
  readonly renamedTo?: string;
}

export interface EnvironmentBill {
  readonly environment: string;
  /** The bill of the commit that it is compared with; absent without one, and for a new environment. */
  readonly before?: Bill;
  /** Absent for an environment that is removed. */
  readonly after?: Bill;
}
