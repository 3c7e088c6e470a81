/** The public API of the package. Modules that no index exports are internal. */
export * from "./addons/index.ts";
export * from "./cluster/index.ts";
export * from "./network/index.ts";
export * from "./pools/index.ts";
export * from "./queue/index.ts";
export * from "./services/index.ts";
export * from "./storage/index.ts";
export * from "./support/index.ts";
export * from "./workload/index.ts";
