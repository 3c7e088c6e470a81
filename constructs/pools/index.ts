export * from "./allocatable.ts";
export * from "./capacity.ts";
export * from "./instance-types.ts";
export * from "./node-group.ts";
export * from "./node-pool.ts";
export * from "./node-pool-options.ts";
export * from "./node-role.ts";
export * from "./node-target.ts";
