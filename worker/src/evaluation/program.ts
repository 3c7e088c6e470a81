import { type ChildProcessByStdio, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { commandWords } from "../contract/command-line.ts";
import { PermanentError } from "../contract/errors.ts";
import type { EvaluationContext } from "../parameters/random.ts";
import type { FailureKind } from "../stores/store.ts";

/** How long to wait after the first answer for a second line, which a program that prints too much would write. */
const SETTLE_MS = 50;
/** How long the last output of a program may take to arrive after its end: a program that it left behind may hold the pipes open. */
const PIPES_CLOSE_WITHIN_MS = 500;
/** Questions that are written together, because a write takes as long as all other work on twenty answers. */
const QUESTIONS_AT_ONCE = 16;
/** How many characters of the program's standard error are kept to explain its end. */
const ERROR_TAIL = 4096;

/** The program ended before it answered. */
export class ProgramEnded extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** A running program that answers lines with lines. */
export class Program {
  readonly #command: string;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: string[] = [];
  /** Questions that are not written yet. */
  #questions: string[] = [];
  #hasAnswered = false;
  #errorTail = "";
  #end: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(command: string) {
    this.#command = command;
    const [file = "", ...args] = commandWords(command);
    // Python buffers output to a pipe, and one answer never fills that buffer.
    const env = { ...process.env, PYTHONUNBUFFERED: "1" };
    this.#process = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"], env });
    // A write fails if the program has ended. The other events report the end.
    this.#process.stdin.on("error", () => {});
    this.#process.stderr.on("data", (chunk: Buffer) => {
      process.stderr.write(chunk);
      this.#errorTail = (this.#errorTail + chunk.toString()).slice(-ERROR_TAIL);
    });
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      this.#lines.push(line);
      this.#wake?.();
    });
    this.#process.on("error", (error: NodeJS.ErrnoException) => {
      const reasons: Readonly<Record<string, string>> = {
        ENOENT: "there is no such program; install it, or correct the command",
        EACCES: "it may not be executed; name its interpreter, for example python3, or make it executable (chmod +x)",
      };
      const reason = reasons[error.code ?? ""] ?? error.message;
      this.#endWith(new PermanentError(`cannot start ${JSON.stringify(file)}: ${reason}`));
    });
    const ended = () => {
      const { exitCode, signalCode } = this.#process;
      const end = signalCode === null ? `exited with code ${exitCode}` : `was ended by ${signalCode}`;
      this.#endWith(new ProgramEnded(signalCode === null ? "exited" : "killed", `the program ${end}`));
    };
    // "close" comes after the last line was read; "exit" may come before.
    this.#process.on("close", ended);
    this.#process.on("exit", () => void setTimeout(PIPES_CLOSE_WITHIN_MS).then(ended));
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Whether it has answered any question. A program that does so flushes its output after each line. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Whether an answer has arrived that was not taken yet. */
  get hasLine(): boolean {
    return this.#lines.length > 0;
  }

  /** The last line that it has printed to standard error. */
  get lastErrorLine(): string | undefined {
    return this.#errorTail.trimEnd().split("\n").at(-1)?.trim() || undefined;
  }

  /** Sends a question, at the latest when {@link answer} has to wait. */
  ask(question: string): void {
    this.#questions.push(question);
    if (this.#questions.length >= QUESTIONS_AT_ONCE) this.#send();
  }

  /** The next answer if it has arrived, and is not the first: {@link answer} takes that one, and all that are still to come. */
  takeLine(): string | undefined {
    return this.#hasAnswered ? this.#lines.shift() : undefined;
  }

  /**
   * The next answer.
   *
   * @throws ProgramEnded, the error of {@link interrupt}, or a PermanentError if the program cannot be started or prints too much.
   */
  async answer(): Promise<string> {
    this.#send();
    while (this.#lines.length === 0) {
      if (this.#end !== undefined) throw this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const line = this.#lines.shift() as string;
    if (this.#hasAnswered) return line;
    this.#hasAnswered = true;
    await setTimeout(SETTLE_MS);
    this.checkInStep();
    return line;
  }

  /** Checks, when no question is open, that no line has arrived. */
  checkInStep(): void {
    if (this.#lines.length === 0) return;
    throw new PermanentError(
      `the program ${JSON.stringify(this.#command)} prints more than one line for a parameter; ` +
        "print the answer only, and everything else to standard error",
    );
  }

  /** Kills it with the programs that it has started, and makes {@link answer} throw. */
  interrupt(error: Error): void {
    this.kill();
    this.#endWith(error);
  }

  /** Kills it with the programs that it has started. */
  kill(): void {
    if (this.#process.pid !== undefined && this.#process.exitCode === null) killTree(this.#process.pid);
    this.#process.kill("SIGKILL");
  }

  #send(): void {
    if (this.#questions.length === 0) return;
    this.#process.stdin.write(this.#questions.join(""));
    this.#questions = [];
  }

  #endWith(error: Error): void {
    this.#end ??= error;
    this.#wake?.();
  }
}

/** The line that asks for a parameter. `context` has made no draw for it. */
export function questionFor({ parameter, random }: EvaluationContext): string {
  return `${JSON.stringify({ parameter, seed: random() * 2 ** 53 })}\n`;
}

/**
 * Kills the children of a process and their children: a shell script's program would go on. They stay in the group of the evaluation
 * process, so that they end with it. Only Linux lists children.
 */
function killTree(pid: number): void {
  let children: string;
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  } catch {
    return;
  }
  for (const child of children.split(" ").filter(Boolean).map(Number)) {
    killTree(child);
    try {
      process.kill(child, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }
}
