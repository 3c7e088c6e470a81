import { parseAnswer } from "./answer.ts";
import { ParameterFailure } from "./flights.ts";
import { DEFAULT_COLUMNS, type Evaluate, type EvaluationResult } from "./module.ts";
import { Program, ProgramEnded, questionFor } from "./program.ts";
import { ProgramStarts } from "./program-starts.ts";
import { ResultColumns } from "./result-columns.ts";

/**
 * Evaluates with as many programs as there are parameters in flight, each with one question at a time. Any program can do this as it
 * is: a program that reads a line and answers it cannot answer out of order. The parameter at fault is known when one ends or hangs,
 * and the others go on. The price is the memory of each program.
 */
export class ProgramPool {
  readonly #command: string;
  readonly #columns: ResultColumns;
  readonly #starts: ProgramStarts;
  readonly #fail: (error: unknown) => void;
  readonly #idle: Program[] = [];

  /**
   * @param size how many parameters are asked at a time.
   * @param fail ends the worker with an error.
   */
  constructor(command: string, columns: readonly string[] | undefined, size: number, fail: (error: unknown) => void) {
    this.#command = command;
    this.#columns = new ResultColumns(columns ?? DEFAULT_COLUMNS, columns !== undefined, 0);
    this.#starts = new ProgramStarts(command, size);
    this.#fail = fail;
  }

  /** Failures of a program that never answers are not committed: the next start may find it mended. */
  readonly mayComplete = () => this.#starts.hasAnswered;

  readonly evaluate: Evaluate = async (parameter, context) => {
    const question = questionFor(context);
    for (;;) {
      const program = this.#idle.pop() ?? new Program(this.#command);
      if (program.hasEnded) continue;
      const isFresh = !program.hasAnswered;
      try {
        return await this.#ask(program, parameter, question, context.signal);
      } catch (error) {
        if (!(error instanceof ProgramEnded) || context.signal.aborted) throw error;
        // It may have been about to end anyway: a new program decides.
        if (!isFresh) continue;
        this.#starts.ended(program, error.message);
        throw new ParameterFailure(error.kind, error.message);
      }
    }
  };

  async #ask(program: Program, parameter: number, question: string, signal: AbortSignal): Promise<EvaluationResult> {
    const abandon = () => {
      program.kill();
      try {
        if (signal.reason.name === "TimeoutError") this.#starts.timedOut(signal.reason.message);
      } catch (error) {
        // Nobody waits for this promise any longer.
        this.#fail(error);
      }
    };
    signal.addEventListener("abort", abandon);
    try {
      program.checkInStep();
      program.ask(question);
      const answer = parseAnswer(await program.answer(), parameter, this.#columns);
      this.#starts.answered();
      // An invalid line may be a stray one. Then the next answer would be taken for another parameter's.
      if ("error" in answer && answer.kind === "invalid-result") program.kill();
      else this.#idle.push(program);
      if ("error" in answer) throw new ParameterFailure(answer.kind, answer.error);
      const { names, areDeclared } = this.#columns;
      if (!areDeclared) return answer.values[0] as number;
      return Object.fromEntries(names.map((name, place) => [name, answer.values[place] as number]));
    } finally {
      signal.removeEventListener("abort", abandon);
    }
  }
}
