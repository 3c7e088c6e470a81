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
 * How many parameters are sent ahead of the answers, so that the program works while this process reads. Sixty-four lines fit into
 * any pipe, so that the two cannot block each other.
 */
const AHEAD = 64;

/** How long to wait after the first answer for a second line, which a program that prints too much would write. */
const SETTLE_MS = 50;

type Program = ChildProcessByStdio<Writable, Readable, null>;

/**
 * Evaluates with a program in any language. The program reads lines of JSON, `{"parameter": 7, "seed": 123}`, and answers each,
 * in order, with one line (see {@link parseAnswer}). `seed` is for the program's own random generator: it is derived from the
 * run's seed and differs for every parameter.
 *
 * The program is started once for all blocks of a worker, and again if it ends.
 */
export class CommandEvaluator implements BlockEvaluator {
  readonly #command: string;
  readonly #context: CounterBasedContext;
  readonly #columns: ResultColumns;
  readonly #rehearse: () => void;
  #program: Program | undefined;
  #answers: AnswerReader | undefined;
  /** The parameter whose answer comes next. */
  #expected: number | undefined;
  /** The parameter that is sent next. */
  #asked = 0;

  /** @param rehearse simulates slow work; called for each parameter. @default nothing */
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
    // An earlier call may have ended in the middle of a block, with questions whose answers are still to come.
    const isContinued = this.#expected === start;
    if (!isContinued) this.#asked = start;
    if (this.#asked === start) this.#checkInStep(answers);
    let done = 0;
    while (done < count) {
      // A new program gets a single question first, to check that it prints a single line.
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
        // The answers in the program's buffer are lost. If several questions were sent, the parameter at fault is unknown. If
        // one was sent, it is that one, unless the program was about to end anyway: a new program decides.
        if (count > 1) throw error;
        if (!fresh) return this.evaluate(start, 1, pause);
        const { kind, message } = error as ProgramEnded;
        return { done: 1, failures: [this.#fail(done, start + done, kind, message)] };
      }
      this.#rehearse();
      const failure = this.#store(answer, start + done, done);
      if (failure?.kind === "invalid-result") {
        // The line may be a stray one. Then every later answer would be taken for the next parameter's.
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
      // Python buffers output to a pipe, and one answer never fills that buffer.
      const env = { ...process.env, PYTHONUNBUFFERED: "1" };
      this.#program = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"], env });
      // A write fails if the program has ended. AnswerReader reports the end.
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

/** The program ended before it answered. */
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
    // "close" comes after the last line was read; "exit" may come before.
    program.on("close", (code, signal) => {
      const end = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
      this.#end(new ProgramEnded(signal === null ? "exited" : "killed", `the program ${end}`));
    });
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** The number of lines that were not taken yet. */
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
