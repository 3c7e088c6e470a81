import { join } from "node:path";
import { type Finished, type Running, runProgram, startProgram, timedBy } from "./programs.ts";

export const SWEEP = join(__dirname, "..", "worker", "bin", "sweep.mjs");

/** Runs a command of `sweep`. */
export function runSweep(args: readonly string[]): Promise<Finished> {
  return runProgram(process.execPath, [SWEEP, ...args]);
}

/** A worker, configured as in a pod. */
export interface WorkerOptions {
  /** A file of bench/evaluations, without its extension. */
  readonly evaluation: string;
  readonly total: number;
  readonly results: string;
  readonly batchSize?: number;
  /** Environment variables for the evaluation. */
  readonly variables?: Readonly<Record<string, string>>;
}

export function evaluationPath(name: string): string {
  return join(__dirname, "evaluations", `${name}.ts`);
}

/** Starts worker 0 of 1. */
export function startWorker({ evaluation, total, results, batchSize, variables }: WorkerOptions): Running {
  return startProgram(process.execPath, [SWEEP, "worker"], {
    WORKER_ID: "0",
    TOTAL_WORKERS: "1",
    TOTAL_PARAMETERS: String(total),
    EVALUATION: evaluationPath(evaluation),
    RESULTS_URL: `file:${results}`,
    // As `sweep run` stops: the bench measures the worker, not the parameter in work.
    STOP_GRACE_SECONDS: "0",
    ...(batchSize === undefined ? {} : { BATCH_SIZE: String(batchSize) }),
    ...variables,
  });
}

/** A line of a worker's log. */
export interface LogLine {
  readonly time: string;
  readonly msg: string;
  /** In the line "started": the number of parameters that an earlier start committed. */
  readonly resumed?: number;
}

export function parseLog(output: string): LogLine[] {
  return output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** A worker logs this line after loading its evaluation and opening its results, just before it computes. */
export function isStarted(line: string): boolean {
  return line.includes('"msg":"started"');
}

/** The times of a worker, in milliseconds. */
export interface WorkerTime {
  /** From "started" to "Processed" in its log, without the start of its processes. */
  readonly computing: number;
  /** From before the start of its process until its exit. */
  readonly whole: number;
}

export async function timeWorker(options: WorkerOptions): Promise<WorkerTime> {
  const { code, output, errors, milliseconds } = await startWorker(options).finished;
  const log = parseLog(output);
  const started = log.find(({ msg }) => msg === "started");
  const processed = log.find(({ msg }) => msg.includes("Processed"));
  if (code !== 0 || started === undefined || processed === undefined)
    throw new Error(`the worker ended with exit code ${code}:\n${output}${errors}`);
  return { computing: Date.parse(processed.time) - Date.parse(started.time), whole: milliseconds };
}

/** Milliseconds of the raw loop, for `values` after `warmUp` others. */
export function timeRawLoop(path: string, warmUp: number, values: number): Promise<number> {
  return timedBy(process.execPath, [join(__dirname, "raw-loop.mjs"), path, String(warmUp), String(values)]);
}
