export * from "./deletion-guard.ts";
export * from "./fields.ts";
export * from "./iam-policy.ts";
export * from "./kubernetes-syntax.ts";
export * from "./log-retention.ts";
export * from "./problems.ts";
export * from "./terraform-data.ts";
