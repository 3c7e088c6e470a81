import type { Range } from "../parameters/ranges.ts";

/** The blocks that are still to be sent. It takes new ones only when there is room, because a sample chooses them as late as that. */
export class BlockQueue {
  readonly #lost: Range[] = [];
  readonly #unsent: Iterator<Range>;
  #isUsedUp = false;

  constructor(blocks: Iterable<Range>) {
    this.#unsent = blocks[Symbol.iterator]();
  }

  /** Whether there may be another block. Only {@link take} can find out that there is none. */
  get mayHaveMore(): boolean {
    return this.#lost.length > 0 || !this.#isUsedUp;
  }

  /** Takes the next blocks, at most `count`. Blocks that were put back come first. */
  take(count: number): Range[] {
    const blocks = this.#lost.splice(0, count);
    while (blocks.length < count && !this.#isUsedUp) {
      const next = this.#unsent.next();
      if (next.done) this.#isUsedUp = true;
      else blocks.push(next.value);
    }
    return blocks;
  }

  putBack(blocks: readonly Range[]): void {
    this.#lost.unshift(...blocks);
  }
}
