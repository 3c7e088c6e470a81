export { loadEvaluation } from "./engine/run.ts";
export * from "./evaluation/module.ts";
export { fileForImage } from "./evaluation/source.ts";
export { measure } from "./sampling/measurement.ts";
export { Sampler } from "./sampling/sample.ts";
