import { type ChildProcess, fork } from "node:child_process";
import { EventEmitter } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { EXIT_CODE } from "../contract/errors.ts";
import { toEnvironment, variableName, type WorkerConfiguration } from "../contract/settings.ts";
import { CLI_PROGRAM } from "../programs.ts";
import type { WorkerProgress } from "./worker.ts";

/** How often a worker is started again, as the Job's `backoffLimitPerIndex` says. */
const BACKOFF_LIMIT_PER_INDEX = 3;
const FIRST_BACKOFF_MS = 500;
/** How long what a worker wrote last may take to arrive when it has ended. */
const PIPES_CLOSE_WITHIN_MS = 500;
/** pino's number for "warn". */
const WARN = 40;

/** A line of a worker's log. */
interface LogLine {
  readonly level: number;
  readonly msg: string;
}

interface LocalJobEvents {
  /** Something a user should see now. */
  readonly message: [text: string];
  readonly progress: [];
}

function closePipes(worker: ChildProcess): void {
  worker.stdout?.destroy();
  worker.stderr?.destroy();
}

/**
 * An Indexed Job of Kubernetes on this machine: one process for each completion index, with the environment that its pod
 * would have, started again when it fails in a way that another attempt may mend.
 */
export class LocalJob extends EventEmitter<LocalJobEvents> {
  readonly #configuration: WorkerConfiguration;
  readonly #processes = new Map<number, ChildProcess>();
  readonly #progress = new Map<number, WorkerProgress>();
  #stopping = false;

  constructor(configuration: WorkerConfiguration) {
    super();
    this.#configuration = configuration;
  }

  /** By worker, as last reported. */
  get progress(): ReadonlyMap<number, WorkerProgress> {
    return this.#progress;
  }

  /** Runs all workers to their end. @returns the worst exit code: 42, then 75, then 143, then 0. */
  async run(): Promise<number> {
    const workers = Array.from({ length: this.#configuration.totalWorkers }, (_, index) => this.#runIndex(index));
    const codes = await Promise.all(workers);
    const severity: number[] = [EXIT_CODE.PERMANENT, EXIT_CODE.TRY_AGAIN, EXIT_CODE.TERMINATED];
    return severity.find((code) => codes.includes(code)) ?? EXIT_CODE.DONE;
  }

  /** Asks every worker to commit what is finished and to end. */
  stop(): void {
    this.#stopping = true;
    for (const worker of this.#processes.values()) worker.kill("SIGTERM");
  }

  async #runIndex(index: number): Promise<number> {
    for (let attempt = 0; ; attempt++) {
      const { code, description } = await this.#start(index);
      if (code === EXIT_CODE.DONE || this.#stopping) return code;
      if (code === EXIT_CODE.PERMANENT) {
        this.stop();
        return code;
      }
      if (attempt === BACKOFF_LIMIT_PER_INDEX) {
        this.emit("message", `[WORKER ${index}] ${description} after ${attempt + 1} attempts; giving up`);
        this.stop();
        return EXIT_CODE.TRY_AGAIN;
      }
      this.emit("message", `[WORKER ${index}] ${description}; starting it again`);
      await setTimeout(FIRST_BACKOFF_MS * 2 ** attempt);
    }
  }

  #start(index: number): Promise<{ readonly code: number; readonly description: string }> {
    const { workerId: _, ...shared } = this.#configuration;
    const worker = fork(CLI_PROGRAM, ["worker"], {
      // The ConfigMap's variables, the field reference, and what Kubernetes sets itself.
      env: {
        ...process.env,
        ...toEnvironment(shared),
        [variableName("workerId")]: String(index),
        JOB_COMPLETION_INDEX: String(index),
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      execArgv: [],
    });
    this.#processes.set(index, worker);
    if (this.#stopping) worker.kill("SIGTERM");
    worker.on("message", (progress: WorkerProgress) => {
      this.#progress.set(index, progress);
      this.emit("progress");
    });
    if (worker.stdout !== null)
      createInterface({ input: worker.stdout }).on("line", (line) => this.#showLog(index, line));
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

  /** Warnings and errors; with a log level below "info", everything. */
  #showLog(index: number, line: string): void {
    const showsAll = this.#configuration.logLevel === "debug" || this.#configuration.logLevel === "trace";
    try {
      const { level, msg } = JSON.parse(line) as LogLine;
      if (level >= WARN || showsAll) this.emit("message", `[WORKER ${index}] ${msg}`);
    } catch {
      this.emit("message", line);
    }
  }
}
