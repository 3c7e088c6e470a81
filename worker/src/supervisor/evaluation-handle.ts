import { type ChildProcess, fork } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import type { FromEvaluation, ToEvaluation } from "../evaluation/protocol.ts";
import { EVALUATION_PROGRAM } from "../programs.ts";
import type { FailureKind } from "../stores/store.ts";

/** How much of what the process wrote to standard error is kept to explain its end. */
const ERROR_TAIL = 4096;
/** How long what the process wrote last may take to arrive when it has ended. */
const PIPE_CLOSES_WITHIN_MS = 100;

/** How an evaluation process ended, in a user's words. */
export interface ProcessEnd {
  readonly kind: FailureKind;
  readonly error: string;
}

/**
 * The supervisor's side of one evaluation process. The process leads a group of its own: a Ctrl-C on the terminal does not
 * reach it, and a program that it started ends with it.
 */
export class EvaluationHandle {
  /** Milliseconds (of `performance.now`) when it last gave a sign of life. */
  heardAt = performance.now();
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<ProcessEnd>;
  readonly #process: ChildProcess;
  #errorTail = "";

  constructor(onMessage: (message: FromEvaluation) => void) {
    this.#process = fork(EVALUATION_PROGRAM, {
      detached: true,
      // What the evaluation prints goes to standard error: standard output is the worker's log.
      stdio: ["ignore", 2, "pipe", "ipc"],
      serialization: "advanced",
      execArgv: [],
    });
    this.#process.stderr?.on("data", (chunk: Buffer) => {
      process.stderr.write(chunk);
      this.#errorTail = (this.#errorTail + chunk.toString()).slice(-ERROR_TAIL);
    });
    this.#process.on("message", (message: FromEvaluation) => {
      this.heardAt = performance.now();
      // What was printed before is no reason for an end that comes later.
      this.#errorTail = "";
      onMessage(message);
    });
    this.#process.on("exit", () => {
      // A program that the evaluation started must not outlive it. One that left the group may, and hold the pipe open.
      this.kill();
      setTimeout(PIPE_CLOSES_WITHIN_MS).then(() => this.#process.stderr?.destroy());
    });
    this.ended = new Promise((resolve) => {
      let isClosed = false;
      let isDisconnected = false;
      // Messages may still arrive after the process has closed; after "disconnect" there are none.
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
      // Also emitted for a message to a process that has just ended, which then reports its end by itself.
      this.#process.on("error", (error) => {
        if (this.#process.pid === undefined) resolve({ kind: "exited", error: `cannot be started: ${error.message}` });
      });
    });
  }

  send(message: ToEvaluation): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  /** Ends the process and all that it started, at once. */
  kill(): void {
    try {
      if (this.#process.pid !== undefined) process.kill(-this.#process.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  /** Asks the process for what it has finished, and ends it; after `withinMs` it is killed. Resolves when it is gone. */
  async stop(withinMs: number): Promise<void> {
    this.send({ type: "stop" });
    await Promise.race([this.ended, setTimeout(withinMs)]);
    this.kill();
    await this.ended;
  }

  #describeEnd(code: number | null, signal: NodeJS.Signals | null): ProcessEnd {
    const lastError = [...this.#errorTail.matchAll(/^\w*(?:Error|Exception)\b.*$/gm)].at(-1)?.[0];
    const because = lastError === undefined ? "" : `: ${lastError}`;
    if (/heap out of memory|Allocation failed|ERR_WORKER_OUT_OF_MEMORY/.test(this.#errorTail)) {
      return {
        kind: "out-of-memory",
        error: "JavaScript's heap was full (raise it with NODE_OPTIONS=--max-old-space-size=<MiB>)",
      };
    }
    if (signal === "SIGKILL") {
      return { kind: "killed", error: "the evaluation was ended by SIGKILL, as the kernel does when memory runs out" };
    }
    if (signal !== null) return { kind: "killed", error: `the evaluation was ended by ${signal}${because}` };
    return { kind: "exited", error: `the evaluation ended its process with exit code ${code}${because}` };
  }
}
