import type { ResultWriter } from "../stores/store.ts";

/** Committed results are flushed to the disk this often. SIGTERM must wait for this and for the disk. */
const FLUSH_EVERY_MS = 100;

/** Flushes a writer whenever there is something new, one flush at a time. */
export class RegularFlush {
  /** Whether something was committed since the last flush began. */
  isDue = false;
  readonly #writer: ResultWriter;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #isFlushing = false;

  constructor(writer: ResultWriter, onError: (error: unknown) => void) {
    this.#writer = writer;
    this.#onError = onError;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#flush(), FLUSH_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing || !this.isDue) return;
    this.#isFlushing = true;
    this.isDue = false;
    await this.#writer.flush().catch(this.#onError);
    this.#isFlushing = false;
  }
}
