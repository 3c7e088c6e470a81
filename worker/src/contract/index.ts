/**
 * The contract of the two halves: everything that the infrastructure knows about the worker. It loads nothing but zod, so that
 * synthesis does not load the engine. Exports of its modules that are missing here belong to the worker.
 */
export { type Notation, problemsOf } from "./check.ts";
export { commandWords } from "./command-line.ts";
export {
  DEFAULTS,
  declarationOf,
  type ResolvedWorkerSettings,
  SETTING_NAMES,
  SETTINGS,
  withDefaults,
} from "./declarations.ts";
export type { OptionDeclaration, SettingDeclaration } from "./declare.ts";
export { readExecutorSettings, readSettings, toEnvironment, variableName } from "./environment-variables.ts";
export {
  EXIT_CODE,
  EXIT_CODE_MEANINGS,
  type ExitCode,
  PermanentError,
  SweepError,
  TemporaryError,
} from "./errors.ts";
export { bundleEvaluation, type EvaluationBundle } from "./evaluation-bundle.ts";
export {
  EXECUTOR_SETTING_NAMES,
  EXECUTOR_SETTINGS,
  type ExecutorSettingName,
  type ExecutorSettings,
  type ResolvedExecutorSettings,
  withExecutorDefaults,
} from "./executor-settings.ts";
export { type Facts, factsOf, problemOfValue, withFacts, withFix } from "./facts.ts";
export { countNoun, describeSeconds, formatCount, shellWord } from "./format.ts";
export { RESULTS_FORMAT, RUN_HASH_LENGTH, type RunIdentity, runHash } from "./identity.ts";
export { COMPLETE_EVERY_MS, LIMITS } from "./limits.ts";
export { type BlockShape, largestBatchSize, leastMemoryMiB, memoryProblems, spoolMiB } from "./memory.ts";
export { numberIn } from "./numbers.ts";
export { describeProblem, duplicatesIn, oneOf, type Problem, show, within } from "./problems.ts";
export { isLeftBehind, processDirectoryPrefix } from "./process-directories.ts";
export { type ServiceFile, serviceFileSchema } from "./service-file.ts";
export {
  LOG_LEVELS,
  type LogLevel,
  PARTITIONS,
  type Partition,
  type SettingName,
  type WorkerSettings,
} from "./worker-settings.ts";
