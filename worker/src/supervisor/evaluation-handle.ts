import { type ChildProcess, fork } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import type { FromEvaluation, ToEvaluation } from "../evaluation/protocol.ts";
import { EVALUATION_PROGRAM } from "../programs.ts";
import type { FailureKind } from "../stores/store.ts";
import { heapOptions, MemoryWatch } from "./memory-watch.ts";

/** How many characters of the process's standard error are kept to explain its end. */
const ERROR_TAIL = 4096;
/** How long the last output of the process may take to arrive after its end. */
const PIPE_CLOSES_WITHIN_MS = 100;

/** The end of an evaluation process, described for the user. */
export interface ProcessEnd {
  readonly kind: FailureKind;
  readonly error: string;
}

/**
 * The supervisor's side of one evaluation process. The process leads its own process group, so that a Ctrl-C on the terminal does
 * not reach it, and the programs that it started end with it.
 */
export class EvaluationHandle {
  /** The time of the last message, in milliseconds of `performance.now`. */
  heardAt = performance.now();
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<ProcessEnd>;
  readonly #process: ChildProcess;
  readonly #memoryLimitMiB: number | undefined;
  readonly #heapOptions: readonly string[];
  readonly #memory: MemoryWatch | undefined;
  #usedTooMuchMemory = false;
  #errorTail = "";

  /** @param memoryLimitMiB the memory for this process and its supervisor together. @default no limit */
  constructor(onMessage: (message: FromEvaluation) => void, memoryLimitMiB?: number) {
    this.#memoryLimitMiB = memoryLimitMiB;
    this.#heapOptions = heapOptions(memoryLimitMiB);
    this.#process = fork(EVALUATION_PROGRAM, [String(process.pid)], {
      detached: true,
      // The evaluation's output goes to standard error, because standard output is the worker's log.
      stdio: ["ignore", 2, "pipe", "ipc"],
      serialization: "advanced",
      execArgv: [...this.#heapOptions],
    });
    const { pid } = this.#process;
    // Other systems have no /proc, and no containers that end the supervisor, too.
    if (memoryLimitMiB !== undefined && pid !== undefined && process.platform === "linux") {
      this.#memory = new MemoryWatch(pid, memoryLimitMiB, () => {
        this.#usedTooMuchMemory = true;
        this.kill();
      });
    }
    this.#process.stderr?.on("data", (chunk: Buffer) => {
      process.stderr.write(chunk);
      this.#errorTail = (this.#errorTail + chunk.toString()).slice(-ERROR_TAIL);
    });
    this.#process.on("message", (message: FromEvaluation) => {
      this.heardAt = performance.now();
      // Discard earlier output so that it is not blamed for a later exit.
      this.#errorTail = "";
      onMessage(message);
    });
    this.#process.on("exit", () => {
      this.#memory?.stop();
      // Programs that the evaluation started must not outlive it. A program that left the group does, and may hold the pipe open.
      this.kill();
      setTimeout(PIPE_CLOSES_WITHIN_MS).then(() => this.#process.stderr?.destroy());
    });
    this.ended = new Promise((resolve) => {
      let isClosed = false;
      let isDisconnected = false;
      // Messages may still arrive after "close", but not after "disconnect".
      const settle = () => {
        if (!isClosed || !isDisconnected) return;
        resolve(this.#describeEnd(this.#process.exitCode, this.#process.signalCode));
      };
      this.#process.on("close", () => {
        isClosed = true;
        settle();
      });
      this.#process.on("disconnect", () => {
        isDisconnected = true;
        settle();
      });
      // Also emitted for a message to a process that has just ended. That end is reported by the other events.
      this.#process.on("error", (error) => {
        if (this.#process.pid === undefined) resolve({ kind: "killed", error: `cannot be started: ${error.message}` });
      });
    });
  }

  /** MiB of memory that the process and its programs use. 0 without a limit. */
  get memoryMiB(): number {
    return this.#memory?.groupMiB ?? 0;
  }

  send(message: ToEvaluation): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  /** Kills the process and its group at once. */
  kill(): void {
    try {
      if (this.#process.pid !== undefined) process.kill(-this.#process.pid, "SIGKILL");
    } catch {
      // The process has ended already.
    }
  }

  /** Asks the process to report its finished work and to exit, and kills it after `withinMs`. Resolves when it has ended. */
  async stop(withinMs: number): Promise<void> {
    if (withinMs > 0) this.send({ type: "stop", withinMs });
    await Promise.race([this.ended, setTimeout(withinMs, undefined, { ref: false })]);
    this.kill();
    await this.ended;
  }

  #describeEnd(code: number | null, signal: NodeJS.Signals | null): ProcessEnd {
    const lastError = [...this.#errorTail.matchAll(/^\w*(?:Error|Exception)\b.*$/gm)].at(-1)?.[0];
    const because = lastError === undefined ? "" : `: ${lastError}`;
    const more = `raise the worker's limit of ${Math.floor(this.#memoryLimitMiB ?? 0)} MiB`;
    if (this.#usedTooMuchMemory) {
      return { kind: "out-of-memory", error: `the evaluation used more memory than the worker has (${more})` };
    }
    if (/heap out of memory|Allocation failed|ERR_WORKER_OUT_OF_MEMORY/.test(this.#errorTail)) {
      const mend = this.#heapOptions.length > 0 ? more : "raise it with NODE_OPTIONS=--max-old-space-size=<MiB>";
      return { kind: "out-of-memory", error: `JavaScript's heap was full (${mend})` };
    }
    if (signal === "SIGKILL") {
      return { kind: "killed", error: "the evaluation was ended by SIGKILL, as the kernel does when memory runs out" };
    }
    if (signal !== null) return { kind: "killed", error: `the evaluation was ended by ${signal}${because}` };
    return { kind: "exited", error: `the evaluation ended its process with exit code ${code}${because}` };
  }
}
