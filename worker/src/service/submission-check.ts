import type { z } from "zod";
import type { submissionSchema } from "../api/submission.ts";
import { type Notation, problemsOf } from "../contract/check.ts";
import { withDefaults } from "../contract/declarations.ts";
import { formatCount } from "../contract/format.ts";
import { RESULTS_FORMAT, type RunIdentity, runName } from "../contract/identity.ts";
import { oneOf, type Problem, show } from "../contract/problems.ts";
import type { ServiceFile } from "../contract/service-file.ts";
import type { SettingName, WorkerSettings } from "../contract/worker-settings.ts";
import { QUEUED_SETTINGS, type QueuedSettings } from "../engine/queued-run.ts";
import { problemsOfRunName } from "../engine/submit.ts";
import { type ChosenEvaluation, chooseEvaluation } from "./evaluations.ts";
import { refuseIfWrong } from "./problems.ts";

/** A request after its shape was checked. */
export type CheckedShape = z.output<typeof submissionSchema>;
export type SizeEntry = ServiceFile["sizes"][number];

/** What is submitted, with every value right by itself. */
export interface CheckedSubmission {
  /** The last part of the place of the results. */
  readonly runName: string;
  readonly identity: RunIdentity;
  /** Undefined for a command. */
  readonly bundle: Uint8Array | undefined;
  readonly settings: QueuedSettings;
  readonly entry: SizeEntry;
  readonly mode: CheckedShape["mode"];
  /** Undefined if the request does not say it. */
  readonly executors: number | undefined;
}

/** The settings that a request may have beside its evaluation. All but the first have their own names there. */
const REQUEST_SETTINGS = [
  "totalParameters",
  "batchSize",
  "seed",
  "evaluationConcurrency",
  "evaluationTimeoutSeconds",
  "maxFailures",
  "simulateWorkMs",
] as const satisfies readonly SettingName[];
const requestNotation: Notation = { nameOf: (name) => (name === "totalParameters" ? "total" : name), show };

/**
 * Checks a request by the worker's contract, and makes the identity of the sweep. No evaluation is loaded: this process has rights that no
 * user's code may have.
 *
 * @throws ProblemError with everything that is wrong, each at its path in the request.
 */
export function checkSubmission(request: CheckedShape, file: ServiceFile): CheckedSubmission {
  const { evaluation: source, mode } = request;
  const given = settingsOf(request);
  const entry = file.sizes.find(({ size }) => size === request.size);
  const problems = [
    ...problemsOf(given, REQUEST_SETTINGS, requestNotation),
    ...problemsOfMachines(request, file, entry),
    ...(request.name === undefined ? [] : problemsOfRunName(request.name, "name")),
  ];
  const chosen = chooseEvaluation(source, file, problems);
  refuseIfWrong(problems);
  const evaluation = chosen as ChosenEvaluation;
  const { totalParameters = 0, batchSize, seed } = withDefaults(given);
  const identity: RunIdentity = {
    format: RESULTS_FORMAT,
    evaluation: evaluation.name,
    evaluationSha256: evaluation.sha256,
    columns: evaluation.columns,
    totalParameters,
    batchSize,
    seed,
  };
  const name = request.name ?? runName(identity);
  // A file of the image may have a longer name than a message can have.
  refuseIfWrong(problemsOfRunName(name, "name"));
  return {
    runName: name,
    identity,
    bundle: evaluation.bundle,
    settings: Object.fromEntries(QUEUED_SETTINGS.map((setting) => [setting, given[setting]])),
    entry: entry as SizeEntry,
    mode,
    executors: request.executors,
  };
}

function settingsOf({ evaluation, total, ...request }: CheckedShape): Partial<WorkerSettings> {
  return {
    totalParameters: total,
    batchSize: request.batchSize,
    seed: request.seed,
    ...("command" in evaluation && { evaluationCommand: evaluation.command, resultColumns: evaluation.columns }),
    evaluationConcurrency: request.evaluationConcurrency,
    evaluationTimeoutSeconds: request.evaluationTimeoutSeconds,
    maxFailures: request.maxFailures,
    simulateWorkMs: request.simulateWorkMs,
  };
}

/** @param entry undefined if there is no such size. */
export function problemsOfMachines(
  { size, mode, executors }: Pick<CheckedShape, "size" | "mode"> & { readonly executors?: number | undefined },
  file: ServiceFile,
  entry: SizeEntry | undefined,
): Problem[] {
  if (entry === undefined) {
    const allowed = oneOf(file.sizes.map((other) => show(other.size))) || "a size, of which this server has none";
    return [{ path: ["size"], allowed, got: show(size), fix: "choose one of the sizes of this environment" }];
  }
  const way = entry[mode];
  if (way === undefined) {
    const fix = `the size ${show(size)} has no ${mode} in this environment; choose the other mode or another size`;
    return [{ path: ["mode"], allowed: show(mode === "queue" ? "job" : "queue"), got: show(mode), fix }];
  }
  if (executors === undefined || executors <= way.max) return [];
  const allowed = `a whole number from 1 to ${formatCount(way.max)}`;
  const fix = `the size ${show(size)} has no more; use fewer`;
  return [{ path: ["executors"], allowed, got: show(executors), fix }];
}
