// The names of before, for callers that have not moved yet. Delete this file with the last of them.
export { areColumnNames, checkColumnNames } from "./columns.ts";
export { DEFAULTS, type ResolvedWorkerSettings as WorkerConfiguration } from "./declarations.ts";
export { readSettings as readConfiguration, toEnvironment, variableName } from "./environment-variables.ts";
