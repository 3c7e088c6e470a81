import { setTimeout } from "node:timers/promises";
import { problemsOf } from "../contract/check.ts";
import { type ResolvedWorkerSettings, withDefaults } from "../contract/declarations.ts";
import { PermanentError, TemporaryError } from "../contract/errors.ts";
import { RESULTS_FORMAT, type RunIdentity, runName } from "../contract/identity.ts";
import { memoryProblems } from "../contract/memory.ts";
import { describeProblem, show, throwIfWrong } from "../contract/problems.ts";
import type { SettingName, WorkerSettings } from "../contract/worker-settings.ts";
import {
  commandEvaluation,
  EVALUATION_OF_RESULTS,
  type Evaluation,
  findEvaluation,
  writeBundle,
} from "../evaluation/source.ts";
import { openStore } from "../stores/open.ts";
import type { ResultStore } from "../stores/store.ts";
import { EvaluationSession, Stopped } from "../supervisor/evaluation-session.ts";
import { containerMemoryMiB } from "../supervisor/memory-watch.ts";
import { StoppedError } from "./stopping.ts";

/** A signal that ended the bundler has been sent to this process at the same time. */
const HEAR_SIGNAL_WITHIN_MS = 100;

/** A run that can start: its evaluation is loaded, and its store exists and holds no other run. */
export interface PreparedRun {
  readonly identity: RunIdentity;
  readonly store: ResultStore;
  /** The evaluation, loaded in a process of its own. */
  readonly session: EvaluationSession;
  /** The value of `EVALUATION` for workers of this run: the bundle, made once. Undefined for a command. */
  readonly modulePath: string | undefined;
}

/** An evaluation that was loaded in a process of its own. */
export interface LoadedEvaluation {
  readonly evaluation: Evaluation;
  /** The names of the result columns. */
  readonly columns: readonly string[];
  /** The bundle as a file, which lasts as long as this process. Undefined for a command. */
  readonly modulePath: string | undefined;
  /** The process. Call `session.close()` to end it. */
  readonly session: EvaluationSession;
}

/** The settings that choose an evaluation. */
export type EvaluationOptions = Pick<WorkerSettings, (typeof EVALUATION_SETTINGS)[number]>;
const EVALUATION_SETTINGS = [
  "evaluation",
  "evaluationCommand",
  "resultColumns",
  "evaluationConcurrency",
  "seed",
  "simulateWorkMs",
  "memoryLimitMiB",
] as const satisfies readonly SettingName[];

/**
 * Finds an evaluation, bundles it and loads it in a process of its own.
 *
 * @param hooks.signal ends the process while it loads.
 * @throws PermanentError if the evaluation cannot be used.
 * @throws TemporaryError if a signal ended the bundler or the load, or if it took more than a minute.
 * @throws StoppedError if the signal came first.
 */
export async function loadEvaluation(
  options: EvaluationOptions,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<LoadedEvaluation> {
  if (signal?.aborted) throw new StoppedError();
  throwIfWrong(problemsOf(options, EVALUATION_SETTINGS));
  const { evaluationCommand, evaluation: name } = withDefaults(options);
  const evaluation =
    evaluationCommand === undefined ? await bundled(name, signal) : commandEvaluation(evaluationCommand);
  return loadFound(evaluation, options, signal);
}

async function loadFound(
  evaluation: Evaluation,
  options: EvaluationOptions,
  signal: AbortSignal | undefined,
): Promise<LoadedEvaluation> {
  const { evaluationCommand, resultColumns, seed, simulateWorkMs } = withDefaults(options);
  const concurrency = options.evaluationConcurrency;
  const memoryLimitMiB = options.memoryLimitMiB ?? containerMemoryMiB();
  const modulePath = evaluation.bundle === undefined ? undefined : writeBundle(evaluation.name, evaluation.bundle);
  const source =
    modulePath === undefined
      ? { command: evaluationCommand as string, columns: resultColumns }
      : { modulePath, name: evaluation.source };
  const session = new EvaluationSession({ source, seed, simulateWorkMs, concurrency, memoryLimitMiB });
  const stop = () => session.stop();
  signal?.addEventListener("abort", stop);
  try {
    return { evaluation, session, columns: await session.start(), modulePath };
  } catch (error) {
    session.close();
    throw error instanceof Stopped ? new StoppedError() : error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** {@link findEvaluation}. A Ctrl-C of a terminal ends the bundler, too, and this process hears of it only when the bundler has ended. */
async function bundled(name: string, signal: AbortSignal | undefined): Promise<Evaluation> {
  try {
    return findEvaluation(name);
  } catch (error) {
    if (error instanceof TemporaryError) await setTimeout(HEAR_SIGNAL_WITHIN_MS);
    if (signal?.aborted) throw new StoppedError();
    throw error;
  }
}

/**
 * Loads the evaluation of a run and opens its store.
 *
 * @param signal ends the load of the evaluation. Callers must not wait for a slow store once it is aborted.
 * @param placeOf the place of the results. @default `resultsUrl`, or a folder of this directory
 * @throws PermanentError if the evaluation or the store cannot be used.
 */
export async function prepareRun(
  configuration: Omit<ResolvedWorkerSettings, "workerId" | "totalWorkers" | "partition">,
  signal: AbortSignal | undefined,
  placeOf = (identity: RunIdentity) => configuration.resultsUrl ?? `file:./results/${runName(identity)}`,
): Promise<PreparedRun> {
  const { totalParameters, batchSize, seed, s3RequestTimeoutMs } = configuration;
  const { evaluation, session, columns, modulePath } =
    configuration.evaluation === EVALUATION_OF_RESULTS && configuration.evaluationCommand === undefined
      ? await loadFound(await evaluationOfResults(configuration), configuration, signal)
      : await loadEvaluation(configuration, { signal });
  try {
    const identity: RunIdentity = {
      format: RESULTS_FORMAT,
      evaluation: evaluation.name,
      evaluationSha256: evaluation.sha256,
      columns,
      totalParameters,
      batchSize,
      seed,
    };
    const url = placeOf(identity);
    const memoryMiB = configuration.memoryLimitMiB ?? containerMemoryMiB();
    if (url.startsWith("s3:") && memoryMiB !== undefined) {
      throwIfWrong(memoryProblems(Math.floor(memoryMiB), { batchSize, columns: columns.length }));
    }
    const store = await openStore(url, { s3RequestTimeoutMs });
    await store.create(identity, evaluation.bundle);
    return { identity, store, session, modulePath };
  } catch (error) {
    session.close();
    throw error;
  }
}

/**
 * The evaluation that lies beside the results, for a worker of a run that somebody else has created. It may be in no image.
 *
 * @throws PermanentError if there are no results, or no evaluation beside them.
 */
async function evaluationOfResults({
  resultsUrl,
  s3RequestTimeoutMs,
}: Pick<ResolvedWorkerSettings, "resultsUrl" | "s3RequestTimeoutMs">): Promise<Evaluation> {
  if (resultsUrl === undefined) {
    const fix = `${show(EVALUATION_OF_RESULTS)} is the evaluation beside the results; set it`;
    const allowed = "the place of a run that was created before";
    throw new PermanentError(describeProblem({ path: ["resultsUrl"], allowed, got: "nothing", fix }));
  }
  const reader = await (await openStore(resultsUrl, { s3RequestTimeoutMs })).read();
  const bundle = await reader.evaluationBundle();
  if (bundle === undefined) throw new PermanentError(`${reader.url} holds no evaluation: submit the run again`);
  const { evaluation, evaluationSha256 } = reader.identity;
  return { name: evaluation, source: evaluation, sha256: evaluationSha256, bundle };
}
