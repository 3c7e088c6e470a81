import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { RESULTS_FORMAT, type RunIdentity, runName } from "../contract/identity.ts";
import type { WorkerConfiguration } from "../contract/settings.ts";
import { commandEvaluation, type Evaluation, findEvaluation } from "../evaluation/source.ts";
import { openStore } from "../stores/open.ts";
import type { ResultStore } from "../stores/store.ts";
import { temporaryDirectory } from "../stores/temporary-directory.ts";
import { EvaluationSession } from "../supervisor/evaluation-session.ts";

/** A run that can begin: its evaluation is loaded, and its store is there and holds no other run. */
export interface PreparedRun {
  readonly identity: RunIdentity;
  readonly store: ResultStore;
  /** The evaluation, loaded in a process of its own. */
  readonly session: EvaluationSession;
  /** What `EVALUATION` is for workers of this run: the bundle, made once. Undefined for a command. */
  readonly modulePath: string | undefined;
}

/** An evaluation in a process of its own. */
export interface LoadedEvaluation {
  readonly evaluation: Evaluation;
  readonly session: EvaluationSession;
  readonly columns: readonly string[];
  readonly modulePath: string | undefined;
}

type EvaluationConfiguration = Pick<
  WorkerConfiguration,
  "evaluation" | "evaluationCommand" | "resultColumns" | "seed" | "simulateWorkMs"
>;

/** @throws PermanentError where the evaluation cannot be used. */
export async function loadEvaluation(configuration: EvaluationConfiguration): Promise<LoadedEvaluation> {
  const { evaluationCommand, resultColumns, seed, simulateWorkMs } = configuration;
  const evaluation =
    evaluationCommand === undefined ? findEvaluation(configuration.evaluation) : commandEvaluation(evaluationCommand);
  const modulePath = writeBundle(evaluation);
  const source =
    modulePath === undefined
      ? { command: evaluationCommand as string, columns: resultColumns }
      : { modulePath, name: evaluation.source };
  const session = new EvaluationSession({ source, seed, simulateWorkMs });
  try {
    return { evaluation, session, columns: await session.start(), modulePath };
  } catch (error) {
    session.close();
    throw error;
  }
}

/**
 * @throws PermanentError where the evaluation or the store cannot be used.
 */
export async function prepareRun(
  configuration: Omit<WorkerConfiguration, "workerId" | "totalWorkers">,
): Promise<PreparedRun> {
  const { evaluation, session, columns, modulePath } = await loadEvaluation(configuration);
  const { totalParameters, batchSize, seed } = configuration;
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
    const url = configuration.resultsUrl ?? `file:./results/${runName(identity)}`;
    const store = await openStore(url, configuration.s3RequestTimeoutMs);
    await store.create(identity, evaluation.bundle);
    return { identity, store, session, modulePath };
  } catch (error) {
    session.close();
    throw error;
  }
}

/** The evaluation process imports its module from a file, which lasts as long as this process. */
function writeBundle({ name, bundle }: Evaluation): string | undefined {
  if (bundle === undefined) return undefined;
  const directory = temporaryDirectory();
  const path = join(directory, `${name}.mjs`);
  writeFileSync(path, bundle);
  return path;
}
