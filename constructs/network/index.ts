export * from "./flow-logs.ts";
export * from "./network.ts";
export * from "./subnet-layout.ts";
export * from "./vpc-endpoints.ts";
