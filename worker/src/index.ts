/// <reference types="node" preserve="true" />
/**
 * The sweep engine as a library: run an evaluation for every parameter of a range, each exactly once, and read the results.
 *
 * No function prints, ends the process or listens to its signals. Only the output of the user's own code goes to standard error, from
 * `runWorker`, `loadEvaluation` and `sample`; `LocalJob` emits that of its workers as messages. Errors are {@link SweepError}s whose message is the whole
 * explanation, and whose `exitCode` tells whether another attempt may help.
 */
export {
  EXIT_CODE,
  type ExitCode,
  PermanentError,
  type Problem,
  type ResolvedWorkerSettings,
  type RunIdentity,
  SweepError,
  TemporaryError,
  type WorkerSettings,
} from "./contract/index.ts";
export { type FinishedRun, type JobProgress, LocalJob, type StartedRun } from "./engine/local-job.ts";
export type { LocalJobOptions } from "./engine/options.ts";
export { type EvaluationOptions, type LoadedEvaluation, loadEvaluation } from "./engine/prepare.ts";
export { StoppedError } from "./engine/stopping.ts";
export { runWorker } from "./engine/worker.ts";
export type { RunWorkerHooks, WorkerLog, WorkerProgress } from "./engine/worker-hooks.ts";
export type {
  BlockEvaluationContext,
  Evaluate,
  EvaluateBlock,
  EvaluationContext,
  EvaluationModule,
  EvaluationResult,
  ResultBlock,
} from "./evaluation/module.ts";
export { commandEvaluation, type Evaluation, fileForImage, findEvaluation } from "./evaluation/source.ts";
export type { Range } from "./parameters/ranges.ts";
export { resultBlocks } from "./results/blocks.ts";
export { EXPORT_FORMATS, type ExportFormat, type ExportOptions, exportResults } from "./results/export.ts";
export { type RunProgress, readProgress } from "./results/progress.ts";
export type { Receipt } from "./results/receipt.ts";
export { type VerifiedResults, type VerifyOptions, verify } from "./results/verify.ts";
export type { Measurement } from "./sampling/measurement.ts";
export { type SampleOptions, sample } from "./sampling/sample.ts";
export { openStore, type StoreOptions } from "./stores/open.ts";
export type {
  Failure,
  FailureKind,
  ReportWriter,
  ResultReader,
  ResultStore,
  StoreState,
  Stretch,
} from "./stores/store.ts";
