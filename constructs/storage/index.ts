export * from "./budget-alarm.ts";
export * from "./container-registry.ts";
export * from "./results-bucket.ts";
