import type { BlockOrder } from "../evaluation/protocol.ts";
import type { Range } from "../parameters/ranges.ts";

/** A block that the process has; `done` of its parameters are committed. */
export interface OutstandingBlock extends BlockOrder {
  done: number;
}

/** What is left of a block. */
export function remainderOf({ start, count, done }: OutstandingBlock): Range {
  return { start: start + done, count: count - done };
}

/** The blocks that are still to be sent. New ones are taken only when there is room: a sample decides then what comes next. */
export class BlockQueue {
  readonly #lost: Range[] = [];
  readonly #unsent: Iterator<Range>;
  #isUsedUp = false;

  constructor(blocks: Iterable<Range>) {
    this.#unsent = blocks[Symbol.iterator]();
  }

  /** Whether there may be a further block; only {@link take} finds out that there is none. */
  get mayHaveMore(): boolean {
    return this.#lost.length > 0 || !this.#isUsedUp;
  }

  /** The next blocks, at most so many. Those that were lost come first. */
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
