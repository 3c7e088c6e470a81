import { PermanentError, RefusedError } from "../contract/errors.ts";

/**
 * Reads many sweeps of which some may be unreadable: damaged, archived, or of another owner. They do not hide the others, and the address
 * of each tells its own error. A place of which nothing at all may be read is an error of the whole.
 */
export class Refusals {
  #first: RefusedError | undefined;

  /** The value, or undefined if this sweep alone cannot be read. @throws any other error, for example of a bucket that is away. */
  async unlessUnreadable<Value>(reading: Promise<Value>): Promise<Value | undefined> {
    try {
      return await reading;
    } catch (error) {
      // Damaged results, or a refusal: another attempt would fail the same way.
      if (!(error instanceof PermanentError)) throw error;
      if (error instanceof RefusedError) this.#first ??= error;
      return undefined;
    }
  }

  /** @throws RefusedError if anything was refused. */
  throwFirst(): void {
    if (this.#first !== undefined) throw this.#first;
  }
}
