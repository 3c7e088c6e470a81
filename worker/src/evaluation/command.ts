import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { parseArgsStringToArgv } from "string-argv";
import { PermanentError } from "../contract/errors.ts";
import type { CounterBasedContext } from "../parameters/random.ts";
import type { Failure, FailureKind } from "../stores/store.ts";
import { parseAnswer } from "./answer.ts";
import type { BlockEvaluator, EvaluatedPart, Pause } from "./block-evaluator.ts";
import type { ResultColumns } from "./result-columns.ts";

/**
 * How many parameters are sent ahead of the answers: the program works while we read. Sixty-four lines fit any pipe, so that
 * neither side can wait for the other.
 */
const AHEAD = 64;

/** How long a second line may take to follow the first answer of a program that prints more than it should. */
const SETTLE_MS = 50;

type Program = ChildProcessByStdio<Writable, Readable, null>;

/**
 * Evaluates with a program in any language. It reads lines of JSON, `{"parameter": 7, "seed": 123}`, and answers each, in
 * order, with one line (see {@link parseAnswer}). `seed` is different for every parameter and made of the run's seed, for the
 * program's own random generator.
 *
 * The program is started once and serves all blocks of a worker; it is started again when it ends.
 */
export class CommandEvaluator implements BlockEvaluator {
  readonly #command: string;
  readonly #context: CounterBasedContext;
  readonly #columns: ResultColumns;
  readonly #rehearse: () => void;
  #program: Program | undefined;
  #answers: AnswerReader | undefined;
  /** The parameter whose answer is next, and the one whose question is. */
  #expected: number | undefined;
  #asked = 0;

  /** @param rehearse called for each parameter. @default nothing */
  constructor(command: string, context: CounterBasedContext, columns: ResultColumns, rehearse = () => {}) {
    this.#command = command;
    this.#context = context;
    this.#columns = columns;
    this.#rehearse = rehearse;
  }

  async evaluate(start: number, count: number, pause: Pause): Promise<EvaluatedPart> {
    const failures: Failure[] = [];
    if (this.#answers?.hasEnded) this.#forget();
    const fresh = this.#program === undefined;
    const [program, answers] = this.#start();
    // Questions that an earlier call has asked and not heard the answers of: it ended in the middle of a block.
    const isContinued = this.#expected === start;
    if (!isContinued) this.#asked = start;
    if (this.#asked === start) this.#checkInStep(answers);
    let done = 0;
    while (done < count) {
      // A program that was just started gets one question first, to see that it gives one answer.
      const ahead = fresh && done === 0 ? 1 : AHEAD;
      for (const end = Math.min(start + done + ahead, start + count); this.#asked < end; this.#asked++) {
        program.stdin.write(questionFor(this.#asked, this.#context));
      }
      let answer: string;
      try {
        answer = await answers.next();
        if (fresh && done === 0) {
          await setTimeout(SETTLE_MS);
          this.#checkInStep(answers);
        }
      } catch (error) {
        if (error instanceof PermanentError) throw error;
        this.#forget();
        // Answers that were in the program's buffer are lost, so that with more than one question out nobody knows which
        // parameter was at fault. Alone, it is this one, if the program was not about to end anyway: a new one will tell.
        if (count > 1) throw error;
        if (!fresh) return this.evaluate(start, 1, pause);
        const { kind, message } = error as ProgramEnded;
        return { done: 1, failures: [this.#fail(done, start + done, kind, message)] };
      }
      this.#rehearse();
      const failure = this.#store(answer, start + done, done);
      if (failure?.kind === "garbage") {
        // Perhaps a stray line, so that every answer after it would be taken for the next parameter's.
        this.#forget();
        if (count > 1) throw new Error(failure.error);
      }
      if (failure !== undefined) failures.push(failure);
      done++;
      this.#expected = start + done;
      const paused = pause(done);
      if (paused !== undefined && (await paused)) break;
    }
    return { done, failures };
  }

  /** Ends the program. */
  close(): void {
    this.#program?.kill("SIGKILL");
  }

  #checkInStep(answers: AnswerReader): void {
    if (answers.waiting === 0) return;
    throw new PermanentError(
      `the program ${JSON.stringify(this.#command)} prints more than one line for a parameter; ` +
        "print the answer only, and everything else to standard error",
    );
  }

  #store(line: string, parameter: number, index: number): Failure | undefined {
    const answer = parseAnswer(line, parameter, this.#columns);
    if ("error" in answer) return this.#fail(index, parameter, answer.kind, answer.error);
    for (const [place, buffer] of this.#columns.buffers.entries()) buffer[index] = answer.values[place] as number;
    return undefined;
  }

  #fail(index: number, parameter: number, kind: FailureKind, error: string): Failure {
    this.#columns.clear(index);
    return { parameter, kind, error };
  }

  #start(): readonly [Program, AnswerReader] {
    if (this.#program === undefined || this.#answers === undefined) {
      const [file = "", ...args] = parseArgsStringToArgv(this.#command);
      // Python holds back what it prints to a pipe, until a buffer is full that one answer never fills.
      const env = { ...process.env, PYTHONUNBUFFERED: "1" };
      this.#program = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"], env });
      // A write to a program that has ended: its end is reported by the answer that does not come.
      this.#program.stdin.on("error", () => {});
      this.#answers = new AnswerReader(this.#program, file);
    }
    return [this.#program, this.#answers];
  }

  #forget(): void {
    this.#program?.kill("SIGKILL");
    this.#program = undefined;
    this.#answers = undefined;
    this.#expected = undefined;
  }
}

/** The line that asks for a parameter. */
function questionFor(parameter: number, context: CounterBasedContext): string {
  context.moveTo(parameter);
  return `${JSON.stringify({ parameter, seed: context.random() * 2 ** 53 })}\n`;
}

/** The program is gone before it has answered. */
class ProgramEnded extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The lines a program prints, one at a time; fails when the program ends. */
class AnswerReader {
  readonly #lines: string[] = [];
  readonly #reader: Interface;
  #ended: PermanentError | ProgramEnded | undefined;
  #wake: (() => void) | undefined;

  constructor(program: Program, file: string) {
    this.#reader = createInterface({ input: program.stdout });
    this.#reader.on("line", (line) => {
      this.#lines.push(line);
      this.#wake?.();
    });
    program.on("error", (error: NodeJS.ErrnoException) => {
      const reason = error.code === "ENOENT" ? "there is no such program" : error.message;
      this.#end(new PermanentError(`cannot start ${JSON.stringify(file)}: ${reason}`));
    });
    // "close" comes after the last line was read, which "exit" does not.
    program.on("close", (code, signal) => {
      const end = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
      this.#end(new ProgramEnded(signal === null ? "exited" : "killed", `the program ${end}`));
    });
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Lines that nobody has asked for yet. */
  get waiting(): number {
    return this.#lines.length;
  }

  async next(): Promise<string> {
    while (this.#lines.length === 0) {
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#lines.shift() as string;
  }

  #end(error: PermanentError | ProgramEnded): void {
    this.#ended ??= error;
    this.#wake?.();
  }
}
