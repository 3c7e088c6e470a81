import type { Evaluation } from "sweep-worker";
import {
  DEFAULTS,
  formatCount,
  type ResolvedWorkerSettings,
  toEnvironment,
  variableName,
  type WorkerSettings,
} from "sweep-worker/contract";
import type { JobFacts } from "../cost/environment.ts";
import type { Recommendation } from "./recommendation.ts";

/** Settings that a job needs to compute the measured sweep. */
const MEASURED = [
  "evaluation",
  "evaluationCommand",
  "resultColumns",
  "totalParameters",
  "seed",
  "simulateWorkMs",
  "evaluationTimeoutSeconds",
] as const satisfies readonly (keyof WorkerSettings)[];
type MeasuredSettings = Pick<WorkerSettings, (typeof MEASURED)[number]>;

/** Lines to paste into a job, and further steps. */
export interface JobChanges {
  readonly settings: readonly string[];
  readonly notes: readonly string[];
}

/**
 * @param configuration the measured settings.
 * @param missingFile the place of the evaluation in the repository, if its file is not there yet.
 */
export function changesOf(
  { workers, batchSize, pod, timeoutSeconds }: Recommendation,
  job: JobFacts,
  configuration: ResolvedWorkerSettings,
  evaluation: Pick<Evaluation, "name" | "source">,
  missingFile: string | undefined,
): JobChanges {
  // A job names an evaluation by its name in the image, whatever its path is here.
  const isOfJob = configuration.evaluation === valueIn(job, "evaluation");
  const module = isOfJob ? configuration.evaluation : evaluation.name;
  const name = configuration.evaluationCommand === undefined ? module : undefined;
  const { evaluationTimeoutSeconds: present } = configuration;
  const measured = { ...configuration, evaluation: name, evaluationTimeoutSeconds: timeoutSeconds ?? present };
  const different = differences(job, measured);
  return {
    settings: [
      ...different.map((property) => `${property}: ${literal(measured[property])},`),
      `workers: ${literal(workers)}, parallelism: ${literal(workers)}, batchSize: ${literal(batchSize)},`,
      `cpuRequestMillis: ${literal(pod.cpuRequestMillis)}, cpuLimitMillis: ${literal(pod.cpuLimitMillis)},`,
    ],
    notes: notesOf(different, evaluation.source, missingFile),
  };
}

function differences(job: JobFacts, measured: MeasuredSettings): (keyof MeasuredSettings)[] {
  const values = toEnvironment(measured);
  return MEASURED.filter((property) => {
    // A command takes the place of the evaluation, and a job may not have both.
    if (property === "evaluation" && measured.evaluationCommand !== undefined) {
      return job.settings.evaluation !== undefined;
    }
    return values[variableName(property)] !== valueIn(job, property);
  });
}

function valueIn({ settings }: JobFacts, property: keyof MeasuredSettings): string | undefined {
  return toEnvironment({ ...DEFAULTS, ...settings })[variableName(property)];
}

function notesOf(
  different: readonly (keyof MeasuredSettings)[],
  source: string,
  missingFile: string | undefined,
): string[] {
  if (missingFile !== undefined) {
    return [`${source} is not in the image: copy it to ${missingFile}, where a job finds it by its name.`];
  }
  return different.includes("evaluationCommand")
    ? ["evaluationCommand runs in the image, where worker/evaluations is /app/evaluations: see docs/image.md."]
    : [];
}

/** A value in TypeScript. Jobs have whole numbers. */
function literal(value: MeasuredSettings[keyof MeasuredSettings]): string {
  if (typeof value === "number") return formatCount(Math.ceil(value)).replaceAll(",", "_");
  return JSON.stringify(value) ?? "undefined";
}
