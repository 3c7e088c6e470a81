import { setTimeout } from "node:timers/promises";
import { ProblemError } from "./problems.ts";

/** A month of asking each minute costs 0.22 dollars for each replica; each ten seconds would cost 1.30. */
const GOOD_FOR_MS = 60_000;
const BAD_FOR_MS = 10_000;
const WITHIN_MS = 5_000;

/** Whether the place of the results can be listed. Kubernetes asks every few seconds, and each listing has its price. */
export class Readiness {
  readonly #check: () => Promise<void>;
  readonly #now: () => number;
  #answer: Promise<void> | undefined;
  #until = 0;

  constructor(check: () => Promise<void>, now: () => number = () => performance.now()) {
    this.#check = check;
    this.#now = now;
  }

  /** @throws ProblemError with the status 503 if the place cannot be listed. */
  async check(): Promise<void> {
    if (this.#answer === undefined || this.#now() >= this.#until) {
      // The same answer for everybody who asks until it is there.
      this.#until = Number.POSITIVE_INFINITY;
      const keepFor = (ms: number) => () => {
        this.#until = this.#now() + ms;
      };
      this.#answer = within(this.#check());
      this.#answer.then(keepFor(GOOD_FOR_MS), keepFor(BAD_FOR_MS));
    }
    await this.#answer;
  }
}

async function within(answer: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const late = setTimeout(WITHIN_MS, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new Error("no answer");
  });
  try {
    await Promise.race([answer, late]);
  } catch (error) {
    const { message } = error as Error;
    throw new ProblemError(503, `the place of the results cannot be listed: ${message}`, {
      cause: error,
      retryAfterSeconds: BAD_FOR_MS / 1000,
    });
  } finally {
    timer.abort();
    late.catch(() => {});
  }
}
