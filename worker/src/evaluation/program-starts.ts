import { PermanentError } from "../contract/errors.ts";
import type { Program } from "./program.ts";

/**
 * A program that has not answered anything after this many parameters never will: a file is missing, or an import fails. Each attempt is
 * another parameter, because the first parameters may be bad ones. Where several programs run at a time, each of the others may still
 * be busy with its first answer, and has an attempt more.
 */
const MOST_ATTEMPTS = 5;

/** Counts the starts of a program that never answers. */
export class ProgramStarts {
  readonly #command: string;
  readonly #mostAttempts: number;
  #hasAnswered = false;
  #attempts = 0;
  #hasTimedOut = false;

  /** @param programs how many programs run at a time. @default 1 */
  constructor(command: string, programs = 1) {
    this.#command = command;
    this.#mostAttempts = MOST_ATTEMPTS + programs - 1;
  }

  /** Whether any start of the program has answered anything. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  answered(): void {
    this.#hasAnswered = true;
  }

  /** @throws PermanentError if it was the last attempt. */
  ended(program: Program, error: string): void {
    const line = program.lastErrorLine;
    this.#count(line === undefined ? error : `${error}: ${line}`);
  }

  /**
   * @param timeout names the parameter and the time.
   * @throws PermanentError if it was the last attempt.
   */
  timedOut(timeout: string): void {
    const advice = `${timeout}; a program must flush its output after each line`;
    if (!this.#hasTimedOut) process.stderr.write(`${advice}\n`);
    this.#hasTimedOut = true;
    this.#count(advice);
  }

  #count(error: string): void {
    if (this.#hasAnswered || ++this.#attempts < this.#mostAttempts) return;
    const times = `${this.#mostAttempts} starts for ${this.#mostAttempts} parameters`;
    throw new PermanentError(
      `the program ${JSON.stringify(this.#command)} has answered nothing in ${times}; the last time, ${error}`,
    );
  }
}
