import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { explainFileError } from "../contract/errors.ts";

const BYTES = Float64Array.BYTES_PER_ELEMENT;

/**
 * The parameters in flight, in a small file, where neither a crash nor SIGKILL of the evaluation process reaches them: the supervisor
 * then runs these parameters alone, and not their whole blocks. A write costs a microsecond, a message would cost ten.
 *
 * Each slot has the parameter plus one, so that 0 is an empty slot.
 */
export class InFlightFile {
  readonly #path: string;
  readonly #file: number;
  readonly #slot = new Float64Array(1);
  readonly #bytes = new Uint8Array(this.#slot.buffer);

  /** Empties the file. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openSync(path, "w");
    } catch (error) {
      throw explainFileError(error, path);
    }
  }

  /** @param parameter undefined empties the slot. */
  set(slot: number, parameter: number | undefined): void {
    this.#slot[0] = parameter === undefined ? 0 : parameter + 1;
    try {
      writeSync(this.#file, this.#bytes, 0, BYTES, slot * BYTES);
    } catch (error) {
      throw explainFileError(error, this.#path);
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  /** The parameters that were in flight when the process ended, sorted. */
  static read(path: string): number[] {
    let content: Buffer;
    try {
      content = readFileSync(path);
    } catch {
      // A process without concurrency writes no such file.
      return [];
    }
    const slots = new Float64Array(new Uint8Array(content).buffer, 0, Math.floor(content.length / BYTES));
    return [...slots]
      .filter((slot) => slot > 0)
      .map((slot) => slot - 1)
      .sort((a, b) => a - b);
  }
}
