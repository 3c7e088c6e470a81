/**
 * The contract of the two halves: everything that the infrastructure knows about the worker. It loads nothing but zod, so that
 * synthesis does not load the engine.
 */
export * from "./check.ts";
export * from "./columns.ts";
export * from "./declarations.ts";
export * from "./environment-variables.ts";
export * from "./errors.ts";
export * from "./evaluation-bundle.ts";
export * from "./facts.ts";
export * from "./format.ts";
export * from "./identity.ts";
export * from "./limits.ts";
export * from "./problems.ts";
export * from "./worker-settings.ts";
