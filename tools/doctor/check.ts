/** `not checked` is no answer: something that the check needs is missing, and is said elsewhere in the report. */
export type Status = "ok" | "warning" | "problem" | "not checked";

/** What a check has found. */
export interface Finding {
  readonly status: Status;
  /** The value there is, for example `Terraform 1.9.8`; for `not checked`, why. */
  readonly found: string;
  /** What would be right, and what it is for. */
  readonly needed?: string;
  /** What to do: a command to paste where there is one. */
  readonly fix?: string;
}

export interface Check {
  readonly name: string;
  readonly run: () => Finding | Promise<Finding>;
}

export const ok = (found: string): Finding => ({ status: "ok", found });
/** Something will be worse than it could be, or may fail later. */
export const warning = (found: string, needed: string, fix: string): Finding => ({
  status: "warning",
  found,
  needed,
  fix,
});
/** A deploy, or what was asked for, fails. */
export const problem = (found: string, needed: string, fix: string): Finding => ({
  status: "problem",
  found,
  needed,
  fix,
});
export const notChecked = (why: string): Finding => ({ status: "not checked", found: why });
