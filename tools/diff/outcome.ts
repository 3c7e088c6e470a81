import type { Plan } from "./plan.ts";

/** What came of planning one stack. */
export type Outcome = { readonly stack: string; readonly notes: readonly string[] } & (
  | {
      readonly kind: "planned";
      readonly plan: Plan;
      /** The plan as Terraform shows it, which hides what is sensitive; absent for a plan given as JSON. */
      readonly text?: string;
    }
  /** Reads outputs that are not there yet: nothing is wrong with it. */
  | { readonly kind: "waits"; readonly upstream: string }
  | { readonly kind: "failed"; readonly step: string; readonly error: string }
);

/** Everything that a diff prints. */
export interface Report {
  /** What was asked for, for example `dev`. */
  readonly subject: string;
  readonly outcomes: readonly Outcome[];
  /** Sentences about what was not planned, or is managed no longer. */
  readonly remarks: readonly string[];
}
