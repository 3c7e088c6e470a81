export { DeletionProtection, type DeletionProtectionProps } from "./deletion-protection.ts";
export type { PolicyStatement } from "./iam-policy.ts";
export { type Taint, type TaintEffect, type Toleration, taintEffects, taintSchema } from "./kubernetes-syntax.ts";
export { describeProblem, InvalidConfigurationError, type Problem } from "./problems.ts";
