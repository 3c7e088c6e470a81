import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { HANG_MS } from "./until.ts";

/** Programs that have not ended. A test that fails leaves some, and an executor would look for its queue for ever. */
const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** The program as a user starts it. */
export const SWEEP = resolve(__dirname, "../../worker/bin/sweep.mjs");

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  /** A program to start it with, for example `["unshare", "-rm"]`. */
  readonly prefix?: readonly string[];
}

/** Starts the program; `finished` resolves when it has ended. */
export function startSweep(args: readonly string[], options: StartOptions = {}) {
  return startProgram([...(options.prefix ?? []), process.execPath, SWEEP, ...args], options);
}

/** Starts any program, the first word of its command line being the file. SIGKILL ends it if it hangs. */
export function startProgram([file = "", ...rest]: readonly string[], options: Omit<StartOptions, "prefix"> = {}) {
  const child: ChildProcess = spawn(file, rest, {
    cwd: options.cwd,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  running.add(child);
  child.on("exit", () => running.delete(child));
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), HANG_MS);
  const finished = new Promise<Finished>((done, failed) => {
    child.on("error", failed);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      done({ code, signal, stdout, stderr });
    });
  });
  return { child, finished, output: () => stdout + stderr };
}

/** Runs the program to its end. */
export function sweep(args: readonly string[], options?: StartOptions): Promise<Finished> {
  return startSweep(args, options).finished;
}

/** The environment variables of this process, except those that would configure a sweep. */
function cleanEnvironment(): Record<string, string> {
  const sweepVariables =
    /^(WORKER_ID|TOTAL_|BATCH_SIZE|SIMULATE_WORK_MS|LOG_LEVEL|EVALUATION|SEED$|PARTITION|RESULT|MAX_FAILURES|STOP_GRACE|MEMORY_LIMIT|JOB_COMPLETION_INDEX|AWS_|S3_|QUEUE_URL|EXECUTOR_SLOTS|SLICE_SECONDS)/;
  const kept = Object.entries(process.env).filter(([name, value]) => value !== undefined && !sweepVariables.test(name));
  return Object.fromEntries(kept) as Record<string, string>;
}

/** A directory for one test file, removed after it. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "sweep-test-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** Writes an evaluation module, and returns its path. */
export function writeEvaluation(directory: string, name: string, source: string): string {
  const path = join(directory, `${name}.ts`);
  writeFileSync(path, source);
  return path;
}

export function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** The values of a column file. */
export function readColumn(results: string, column = "value"): Float64Array {
  const bytes = readFileSync(join(results, "columns", `${column}.f64`));
  return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
}

/** The lines of failures.jsonl. */
export function readFailures(results: string): { parameter: number; kind: string; error: string }[] {
  const text = readFileSync(join(results, "failures.jsonl"), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

export function readReceipt(results: string) {
  return JSON.parse(readFileSync(join(results, "receipt.json"), "utf8"));
}

/** Environment of one worker, as its pod would have it. */
export function workerEnvironment(settings: {
  readonly evaluation: string;
  readonly total: number;
  readonly results: string;
  readonly batchSize?: number;
  readonly worker?: number;
  readonly workers?: number;
}): Record<string, string> {
  return {
    JOB_COMPLETION_INDEX: String(settings.worker ?? 0),
    TOTAL_WORKERS: String(settings.workers ?? 1),
    TOTAL_PARAMETERS: String(settings.total),
    BATCH_SIZE: String(settings.batchSize ?? 10_000),
    EVALUATION: settings.evaluation,
    RESULTS_URL: settings.results.includes(":") ? settings.results : `file:${settings.results}`,
  };
}
