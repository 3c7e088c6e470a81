import { shuffled } from "../parameters/partition.ts";
import { CounterBasedContext } from "../parameters/random.ts";
import type { Range } from "../parameters/ranges.ts";

/** The range is cut into this many parts, and every part is visited before any is visited again: cost may depend on the parameter. */
const STRATA = 64;
/** The time that a block should take: long enough to hide the cost of sending it (0.2 ms), short enough for hundreds of blocks. */
const TARGET_SECONDS = 0.02;
/** The most by which a block may grow over the one before. The first has one parameter, because the cost is unknown. */
const GROWTH = 4;
export const LARGEST_SAMPLE_BLOCK = 1_000_000;
/** Neither evaluations, whose parameters are below 2^53, nor the partition draw from this key. */
const RANDOM_KEY = 2 ** 54;

/** The blocks of a sample: spread over the range by a seeded choice, and sized by the cost measured so far. */
export class SampleBlocks {
  readonly #total: number;
  readonly #random: () => number;
  #size = 1;

  constructor(totalParameters: number, seed: number) {
    this.#total = totalParameters;
    const generator = new CounterBasedContext(seed);
    generator.moveTo(RANDOM_KEY);
    this.#random = generator.random;
  }

  /** Sets the size of later blocks. */
  follow(secondsPerParameter: number): void {
    const wanted = Math.round(TARGET_SECONDS / secondsPerParameter);
    this.#size = Math.max(1, Math.min(wanted, GROWTH * this.#size, LARGEST_SAMPLE_BLOCK));
  }

  /** Yields blocks until `isOver` returns true. */
  *until(isOver: () => boolean): Generator<Range> {
    const strata = Math.min(STRATA, this.#total);
    for (;;) {
      for (const stratum of shuffled(strata, this.#random)) {
        if (isOver()) return;
        const from = Math.floor((stratum * this.#total) / strata);
        const length = Math.floor(((stratum + 1) * this.#total) / strata) - from;
        const count = Math.min(this.#size, length);
        yield { start: from + Math.floor(this.#random() * (length - count + 1)), count };
      }
    }
  }
}
