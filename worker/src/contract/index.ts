/**
 * The contract of the two halves: everything that the infrastructure knows about the worker. It imports nothing but zod, so that
 * synthesis does not load the engine.
 */
export * from "./errors.ts";
export * from "./format.ts";
export * from "./identity.ts";
export * from "./problems.ts";
export * from "./settings.ts";
