import { shuffled } from "../parameters/partition.ts";
import { CounterBasedContext } from "../parameters/random.ts";
import type { Range } from "../parameters/ranges.ts";

/** The range is cut into so many parts, and each is visited before any is visited again: cost may depend on the parameter. */
const STRATA = 64;
/** A block that takes so long makes what it costs to send one (0.2 ms) negligible, and leaves room for hundreds of them. */
const TARGET_SECONDS = 0.02;
/** The first blocks are small, since nobody knows what a parameter costs. */
const GROWTH = 4;
export const LARGEST_SAMPLE_BLOCK = 1_000_000;
/** Parameters are below 2^53, so that no evaluation draws from this key; nor does the partition. */
const RANDOM_KEY = 2 ** 54;

/** Where a sample is taken: blocks all over the range, by a seeded choice, and of a size that follows what was measured. */
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

  /** Sets the size of the blocks that follow. */
  follow(secondsPerParameter: number): void {
    const wanted = Math.round(TARGET_SECONDS / secondsPerParameter);
    this.#size = Math.max(1, Math.min(wanted, GROWTH * this.#size, LARGEST_SAMPLE_BLOCK));
  }

  /** Blocks until `isOver` says so. */
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
