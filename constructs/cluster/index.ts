export * from "./cluster.ts";
export * from "./cluster-access.ts";
export * from "./cluster-addons.ts";
export * from "./kubernetes-versions.ts";
export * from "./pod-identity-role.ts";
