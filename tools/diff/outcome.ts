import type { Plan } from "./plan.ts";

/** The result of planning one stack. */
export type Outcome = { readonly stack: string; readonly notes: readonly string[] } & (
  | {
      readonly kind: "planned";
      readonly plan: Plan;
      /** The plan as Terraform prints it, without sensitive values; absent for a plan given as JSON. */
      readonly text?: string;
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
  /** Sentences about stacks that were not planned, or are no longer managed. */
  readonly remarks: readonly string[];
}
