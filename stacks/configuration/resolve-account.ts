import { type Problem, show } from "../../constructs/support/problems.ts";
import { checked, type Resolution } from "./resolution.ts";

/** AWS numbers no account with zeros alone. */
export function isAccountId(text: string): boolean {
  return /^(?!0+$)\d{12}$/.test(text);
}

export function resolveAccountId(accountId: string): Resolution<string> {
  const fix = "copy yours from aws sts get-caller-identity";
  const problem: Problem = { path: ["accountId"], allowed: "an AWS account of 12 digits", got: show(accountId), fix };
  return checked(accountId, isAccountId(accountId) ? [] : [problem]);
}
