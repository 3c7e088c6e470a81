import { COMPLETE_EVERY_MS } from "../contract/limits.ts";

/** 160 s: a kill costs no more work than that, however slow the bucket is. */
const LONGEST_PART_MS = 16 * COMPLETE_EVERY_MS.s3;

/**
 * How long a part of a block should take in a bucket: at least as long as the bucket needs to store one. While the bucket is
 * slow, for example because it refuses requests with SlowDown, parts then become larger and fewer, and do not queue up.
 */
export class CommitPace {
  readonly #startTimes = new Set<{ readonly at: number }>();
  #lastMs = 0;

  /** Notes that an object is on its way. @returns a function to call when it is stored. */
  begin(): () => void {
    const start = { at: performance.now() };
    this.#startTimes.add(start);
    return () => {
      this.#startTimes.delete(start);
      this.#lastMs = performance.now() - start.at;
    };
  }

  /** Ten seconds doubled as often as needed, so that it changes rarely. */
  get completeEveryMs(): number {
    // A set keeps the order of insertion.
    const [oldest] = this.#startTimes;
    const storingMs = Math.max(this.#lastMs, oldest === undefined ? 0 : performance.now() - oldest.at);
    let partMs: number = COMPLETE_EVERY_MS.s3;
    while (partMs < storingMs && partMs < LONGEST_PART_MS) partMs *= 2;
    return partMs;
  }
}
