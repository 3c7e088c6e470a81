import { type ChildProcess, fork } from "node:child_process";
import { EventEmitter } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { SETTING_NAMES } from "../contract/declarations.ts";
import { toEnvironment, variableName } from "../contract/environment-variables.ts";
import { EXIT_CODE, type ExitCode } from "../contract/errors.ts";
import { containerMemoryMiB } from "../supervisor/memory-watch.ts";
import type { FromLedWorker, ToLedWorker } from "./led-messages.ts";
import { LedWorkers, type PendingWork } from "./led-workers.ts";
import type { LocalSettings } from "./options.ts";
import type { WorkerProgress } from "./worker-hooks.ts";

/**
 * How often a worker is started again before its share is given up. A Job's `backoffLimitPerIndex` is 6 by default: its pods also
 * lose their nodes. Here somebody watches the terminal, and three restarts with backoff (3.5 s) show whether a retry helps.
 */
export const MOST_RESTARTS = 3;
const FIRST_BACKOFF_MS = 500;
/** How long the last output of a worker may take to arrive after its end. */
const PIPES_CLOSE_WITHIN_MS = 500;
/** The memory of this process, and the least memory of a worker for which a limit makes sense, in MiB. */
const OWN_MEMORY_MIB = 64;
const LEAST_MEMORY_MIB = 128;
/** pino's numbers for "warn" and "error". */
const WARN = 40;
const ERROR = 50;

/** A line of a worker's log. */
interface LogLine {
  readonly level: number;
  readonly msg: string;
}

interface WorkerProcessesEvents {
  /** A line for the user: a warning or an error of a worker, a restart, the output of the evaluation. */
  readonly message: [text: string];
  readonly progress: [];
}

export interface WorkerProcessesOptions {
  /**
   * The work that the workers divide among themselves.
   *
   * @default each worker computes the share that its settings tell
   */
  readonly work?: PendingWork | undefined;
  /** Waits before a restart. @default a timer */
  readonly wait?: typeof waitUnlessAborted;
}

/**
 * The worker processes of a run on this machine. Each gets the environment variables that its pod would get, and is started again when
 * it fails in a way that another attempt may mend.
 */
export class WorkerProcesses extends EventEmitter<WorkerProcessesEvents> {
  /** The progress of each worker, all its starts together. */
  readonly progress = new Map<number, WorkerProgress>();
  /** The error that a worker has logged last. */
  lastError: string | undefined;
  readonly #settings: LocalSettings;
  readonly #program: string;
  readonly #wait: typeof waitUnlessAborted;
  readonly #led: LedWorkers | undefined;
  readonly #processes = new Map<number, ChildProcess>();
  readonly #stopping = new AbortController();

  /**
   * @param program a Node.js program that takes the argument `worker`, and `--led` if the workers divide the work among themselves.
   */
  constructor(
    settings: LocalSettings,
    program: string,
    { work, wait = waitUnlessAborted }: WorkerProcessesOptions = {},
  ) {
    super();
    this.#settings = settings;
    this.#program = program;
    this.#wait = wait;
    if (work === undefined) return;
    this.#led = new LedWorkers(work, settings, (worker, message) => this.#send(worker, message));
    for (let worker = 0; worker < settings.totalWorkers; worker++)
      this.progress.set(worker, this.#led.progressOf(worker));
  }

  /** Runs all workers to their end. @returns the worst exit code: 42, then 75, then 143, then 0. */
  async run(): Promise<ExitCode> {
    const workers = Array.from({ length: this.#settings.totalWorkers }, (_, index) => this.#runIndex(index));
    const codes = await Promise.all(workers);
    const severity = [EXIT_CODE.PERMANENT, EXIT_CODE.TRY_AGAIN, EXIT_CODE.TERMINATED];
    const worst = severity.find((code) => codes.includes(code));
    // A worker that ended in another way while it was stopped, for example with 1, has not completed its share.
    return worst ?? (codes.every((code) => code === EXIT_CODE.DONE) ? EXIT_CODE.DONE : EXIT_CODE.TRY_AGAIN);
  }

  /** Asks every worker to commit what is finished and to end. Later calls do nothing: a second SIGTERM would end the grace of the first. */
  stop(): void {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    for (const worker of this.#processes.values()) worker.kill("SIGTERM");
  }

  async #runIndex(index: number): Promise<number> {
    const { signal } = this.#stopping;
    for (let attempt = 0; ; attempt++) {
      // The others may have done everything.
      if (this.#led?.isDone) return EXIT_CODE.DONE;
      if (signal.aborted) return EXIT_CODE.TERMINATED;
      const { code, description } = await this.#start(index);
      if (code !== EXIT_CODE.PERMANENT && this.#led?.isDone) return EXIT_CODE.DONE;
      if (signal.aborted) return code;
      if (code === EXIT_CODE.DONE && this.#led === undefined) return code;
      if (code === EXIT_CODE.PERMANENT) {
        this.stop();
        return code;
      }
      if (attempt === MOST_RESTARTS) {
        this.emit("message", `[WORKER ${index}] ${description} after ${attempt + 1} attempts; giving up`);
        this.stop();
        return EXIT_CODE.TRY_AGAIN;
      }
      this.emit("message", `[WORKER ${index}] ${description}; starting it again`);
      await this.#takeBack(index);
      await this.#wait(FIRST_BACKOFF_MS * 2 ** attempt, signal);
    }
  }

  #start(index: number): Promise<{ readonly code: number; readonly description: string }> {
    const worker = fork(this.#program, this.#led === undefined ? ["worker"] : ["worker", "--led"], {
      env: this.#environmentOf(index),
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      execArgv: [],
    });
    this.#processes.set(index, worker);
    worker.on("message", this.#listenerFor(index, worker));
    if (worker.stdout !== null)
      createInterface({ input: worker.stdout }).on("line", (line) => this.#readLog(index, line));
    if (worker.stderr !== null)
      createInterface({ input: worker.stderr }).on("line", (line) => this.emit("message", line));
    return new Promise((resolve) => {
      worker.on("error", (error) => {
        if (worker.pid === undefined)
          resolve({ code: EXIT_CODE.TRY_AGAIN, description: `cannot be started: ${error.message}` });
      });
      // A program that an evaluation has left behind may hold the pipes open.
      worker.on("exit", () => void setTimeout(PIPES_CLOSE_WITHIN_MS).then(() => closePipes(worker)));
      worker.on("close", (code, signal) => {
        this.#processes.delete(index);
        const description = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
        resolve({ code: code ?? EXIT_CODE.TRY_AGAIN, description });
      });
    });
  }

  #listenerFor(index: number, worker: ChildProcess): (message: WorkerProgress & FromLedWorker) => void {
    const led = this.#led;
    const earlier = this.progress.get(index);
    return (message) => {
      // After the end of a process, the store knows better what it has done.
      if (led !== undefined && this.#processes.get(index) !== worker) return;
      led?.hear(index, message);
      const shared = () => (earlier === undefined ? message : together(earlier, message));
      this.progress.set(index, led?.progressOf(index) ?? shared());
      this.emit("progress");
    };
  }

  #send(index: number, message: ToLedWorker): void {
    const worker = this.#processes.get(index);
    // A worker that has just ended does not hear it. It is taken back then.
    if (worker?.connected) worker.send(message, () => {});
  }

  /** Lets the other workers have the work of one that has ended. */
  async #takeBack(index: number): Promise<void> {
    if (this.#led === undefined) return;
    await this.#led.lost(index);
    this.progress.set(index, this.#led.progressOf(index));
    this.emit("progress");
  }

  /** The variables of the Job's ConfigMap, and those that Kubernetes sets for each index. */
  #environmentOf(index: number): NodeJS.ProcessEnv {
    const { workerId: _, ...shared } = this.#settings;
    const environment = { ...process.env };
    // A setting that this run leaves out must not come from this process's own environment variables.
    for (const name of SETTING_NAMES) delete environment[variableName(name)];
    return {
      ...environment,
      ...toEnvironment(shared),
      ...toEnvironment({ memoryLimitMiB: shared.memoryLimitMiB ?? shareOfContainer(shared.totalWorkers) }),
      [variableName("workerId")]: String(index),
      JOB_COMPLETION_INDEX: String(index),
    };
  }

  /** Shows warnings and errors, or every line if the log level is below "info". */
  #readLog(index: number, line: string): void {
    const showsAll = this.#settings.logLevel === "debug" || this.#settings.logLevel === "trace";
    let entry: LogLine;
    try {
      entry = JSON.parse(line);
    } catch {
      this.emit("message", line);
      return;
    }
    const text = `[WORKER ${index}] ${entry.msg}`;
    if (entry.level >= ERROR) this.lastError = text;
    if (entry.level >= WARN || showsAll) this.emit("message", text);
  }
}

/** The progress of a worker that was started again. It counts the work of its earlier starts as resumed, and no longer knows their failures. */
function together(earlier: WorkerProgress, now: WorkerProgress): WorkerProgress {
  const { resumed } = earlier;
  return {
    ...now,
    resumed,
    committed: now.resumed + now.committed - resumed,
    failed: earlier.failed + now.failed,
  };
}

/** The memory of each worker in a container, in MiB. Undefined without a limit, and if the workers are too many to tell. */
function shareOfContainer(workers: number): number | undefined {
  const limit = containerMemoryMiB();
  const share = limit === undefined ? 0 : Math.floor((limit - OWN_MEMORY_MIB) / workers);
  return share < LEAST_MEMORY_MIB ? undefined : share;
}

async function waitUnlessAborted(milliseconds: number, signal: AbortSignal): Promise<void> {
  // An abort rejects the timer's promise.
  await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
}

function closePipes(worker: ChildProcess): void {
  worker.stdout?.destroy();
  worker.stderr?.destroy();
}
