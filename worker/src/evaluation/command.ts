import type { CounterBasedContext } from "../parameters/random.ts";
import type { Failure } from "../stores/store.ts";
import { parseAnswer } from "./answer.ts";
import type { BlockEvaluator, EvaluatedPart, Pause } from "./block-evaluator.ts";
import { Program, ProgramEnded, questionFor } from "./program.ts";
import { ProgramStarts } from "./program-starts.ts";
import type { ResultColumns } from "./result-columns.ts";
import { type Abandonment, timeoutFailure, timeoutText, type Waiter } from "./watch.ts";

/**
 * How many parameters are sent ahead of the answers, so that the program works while this process reads. Sixty-four lines fit into
 * any pipe, so that the two cannot block each other.
 */
const AHEAD = 64;

/** Nobody waits for the program's answer any longer. */
class Abandoned extends Error {
  readonly why: Abandonment;

  constructor(why: Abandonment) {
    super(why);
    this.why = why;
  }
}

/**
 * Evaluates with a program in any language. The program reads lines of JSON, `{"parameter": 7, "seed": 123}`, and answers each,
 * in order, with one line (see {@link parseAnswer}). `seed` is for the program's own random generator: it is derived from the
 * run's seed and differs for every parameter.
 *
 * The program is started once for all blocks of a worker, and again if it ends. The answers in its buffer are lost then, so that the
 * parameter at fault is unknown: the next parameters are asked one at a time until it is found.
 */
export class CommandEvaluator implements BlockEvaluator, Waiter {
  readonly #command: string;
  readonly #context: CounterBasedContext;
  readonly #columns: ResultColumns;
  readonly #timeoutMs: number;
  readonly #rehearse: () => void;
  readonly #starts: ProgramStarts;
  #program: Program | undefined;
  /** The parameter whose answer comes next. */
  #expected = 0;
  /** The parameter that is sent next. */
  #asked = 0;
  /** How many parameters are still to be asked one at a time. */
  #singly = 0;
  #waitsSince: number | undefined;
  #isStopping = false;

  /**
   * @param timeoutMs milliseconds that an answer may take; 0 is no limit. A Watch keeps it. @default 0
   * @param rehearse simulates slow work; called for each parameter. @default nothing
   */
  constructor(
    command: string,
    context: CounterBasedContext,
    columns: ResultColumns,
    timeoutMs = 0,
    rehearse: () => void = () => {},
  ) {
    this.#command = command;
    this.#context = context;
    this.#columns = columns;
    this.#timeoutMs = timeoutMs;
    this.#rehearse = rehearse;
    this.#starts = new ProgramStarts(command);
  }

  async evaluate(start: number, count: number, pause: Pause): Promise<EvaluatedPart> {
    const failures: Failure[] = [];
    let done = 0;
    while (done < count) {
      const parameter = start + done;
      const outcome = await this.#next(parameter, start + count, done);
      if (outcome === "stop") break;
      if (outcome === "again") continue;
      if (outcome !== "stored") {
        this.#columns.clear(done);
        failures.push(outcome);
      }
      done++;
      // Failures of a program that never answers are not committed: the next start may find it mended.
      if (!this.#starts.hasAnswered) continue;
      const paused = pause(done);
      if (paused !== undefined && (await paused)) break;
    }
    return this.#starts.hasAnswered || !this.#isStopping ? { done, failures } : { done: 0, failures: [] };
  }

  get isWaiting(): boolean {
    return this.#waitsSince !== undefined;
  }

  hasOverdue(now: number): boolean {
    return this.#timeoutMs > 0 && this.#waitsSince !== undefined && now - this.#waitsSince >= this.#timeoutMs;
  }

  abandonOverdue(now: number): void {
    if (this.hasOverdue(now)) this.#program?.interrupt(new Abandoned("timeout"));
  }

  stopWaiting(): void {
    this.#isStopping = true;
    this.#program?.interrupt(new Abandoned("stop"));
  }

  /** Ends the program. */
  close(): void {
    this.#program?.kill();
  }

  /** Takes the answer to a parameter. "again" means that a new program must be asked. */
  async #next(parameter: number, end: number, index: number): Promise<Failure | "stored" | "again" | "stop"> {
    if (this.#isStopping) return "stop";
    // An earlier call may have ended in the middle of a block, with questions whose answers are still to come.
    const isElsewhere = this.#expected !== parameter && this.#asked > this.#expected;
    if (this.#program?.hasEnded || isElsewhere) this.#forget();
    this.#program ??= new Program(this.#command);
    const program = this.#program;
    const isFresh = !program.hasAnswered;
    if (this.#asked <= this.#expected) {
      program.checkInStep();
      this.#asked = parameter;
    }
    this.#expected = parameter;
    // A new program gets a single question first, to check that it prints a single line.
    const ahead = isFresh || this.#singly > 0 ? 1 : AHEAD;
    for (; this.#asked < Math.min(parameter + ahead, end); this.#asked++) {
      this.#context.moveTo(this.#asked);
      program.ask(questionFor(this.#context));
    }
    const isAlone = this.#asked === parameter + 1;
    let line: string;
    try {
      if (!program.hasLine) this.#waitsSince = performance.now();
      line = program.takeLine() ?? (await program.answer());
    } catch (error) {
      this.#forget();
      if (error instanceof Abandoned && error.why === "stop") return "stop";
      if (error instanceof Abandoned) {
        // It answers in order, and has answered the parameter before: this one is at fault.
        this.#starts.timedOut(timeoutText(parameter, this.#timeoutMs));
        return timeoutFailure(parameter, this.#timeoutMs);
      }
      if (!(error instanceof ProgramEnded)) throw error;
      // If one question was sent, it is at fault, unless the program was about to end anyway: a new program decides.
      if (!isFresh) return this.#askSingly();
      this.#starts.ended(program, error.message);
      return { parameter, kind: error.kind, error: error.message };
    } finally {
      this.#waitsSince = undefined;
    }
    this.#starts.answered();
    this.#rehearse();
    const answer = parseAnswer(line, parameter, this.#columns);
    if ("error" in answer && answer.kind === "invalid-result") {
      // The line may be a stray one. Then every later answer would be taken for the next parameter's.
      this.#forget();
      if (!isAlone) return this.#askSingly();
    }
    this.#expected = parameter + 1;
    this.#singly = Math.max(0, this.#singly - 1);
    if ("error" in answer) return { parameter, kind: answer.kind, error: answer.error };
    for (const [place, buffer] of this.#columns.buffers.entries()) buffer[index] = answer.values[place] as number;
    return "stored";
  }

  #askSingly(): "again" {
    this.#singly = AHEAD;
    return "again";
  }

  #forget(): void {
    this.#program?.kill();
    this.#program = undefined;
    this.#asked = this.#expected;
  }
}
