import { endOf, type Range } from "../parameters/ranges.ts";
import type { CommittedPart } from "../stores/store.ts";
import type { Grid } from "./grid.ts";

/** The last differences of a stream, whose median tells which one is usual. */
const REMEMBERED = 15;
const MEDIAN_EVERY = 64;
/** A difference that is so many times the usual one is a pause, or the beginning of another range. */
const PAUSE_FACTOR = 20;
/** Shorter differences are never pauses. A bucket tells times in whole seconds. */
const SHORTEST_PAUSE_MS = 5_000;

/**
 * Estimates computing time from the times of commits alone. The blocks of a range that one slot computes follow each other in parameters
 * and in time, so that the difference to the block before is the time of a block.
 *
 * Neighbours that several workers have computed, as in a Job, have differences of both signs. If their ends lie anywhere within the time `t`
 * of a block, and `w` workers take turns, the differences are `t (w + 2) / 3 w` without their sign and `t / w` with it, on average: `t` is
 * three times the first less two times the second, whatever `w` is. The same is right for one slot alone.
 */
export class ComputingTime {
  readonly #grid: Grid;
  /** Milliseconds between neighbours without their sign, by cell, and the parameters that they are for. */
  readonly #milliseconds: Float64Array;
  readonly #measured: Float64Array;
  #signedMs = 0;

  constructor(grid: Grid) {
    this.#grid = grid;
    this.#milliseconds = new Float64Array(grid.cells);
    this.#measured = new Float64Array(grid.cells);
  }

  /** @returns a function that takes the parts of one sorted stream. */
  stream(): (part: CommittedPart) => void {
    let before: CommittedPart | undefined;
    const usual = new UsualDifference();
    return (part) => {
      const [from, to] = [before?.record.committedAt, part.record.committedAt];
      const isNext = before !== undefined && endOf(before) === part.start;
      before = part;
      if (!isNext || from === undefined || to === undefined) return;
      // A stream may end in the middle of a block.
      const perParameter = (to - from) / part.record.count;
      if (usual.isPause(perParameter, part.record.count)) return;
      this.#add(part, perParameter);
    };
  }

  /**
   * The estimates of a parameter.
   *
   * @param known milliseconds of a parameter in the mean, if something else tells.
   */
  perParameter(known?: number): { readonly meanMs: number | undefined; of(cell: number): number | undefined } {
    const measured = this.#measured.reduce((sum, count) => sum + count, 0);
    if (measured === 0) return { meanMs: known, of: () => known };
    const unsigned = this.#milliseconds.reduce((sum, value) => sum + value, 0) / measured;
    const meanMs = known ?? Math.max(0, 3 * unsigned - (2 * this.#signedMs) / measured);
    const factor = unsigned === 0 ? 0 : meanMs / unsigned;
    const of = (cell: number) => {
      const count = this.#measured[cell] as number;
      return count === 0 ? undefined : (factor * (this.#milliseconds[cell] as number)) / count;
    };
    return { meanMs, of };
  }

  #add(range: Range, perParameter: number): void {
    this.#signedMs += perParameter * range.count;
    this.#grid.visit(range, (cell, count) => {
      this.#milliseconds[cell] = (this.#milliseconds[cell] as number) + Math.abs(perParameter) * count;
      this.#measured[cell] = (this.#measured[cell] as number) + count;
    });
  }
}

/** The median of the last differences of a stream. */
class UsualDifference {
  readonly #last: number[] = [];
  #place = 0;
  #median = 0;

  isPause(perParameter: number, count: number): boolean {
    const size = Math.abs(perParameter);
    this.#last[this.#place++ % REMEMBERED] = size;
    const isLong = () => size > Math.max(PAUSE_FACTOR * this.#median, SHORTEST_PAUSE_MS / count);
    // A median costs more than all the rest, so that a short difference rarely makes a new one.
    if (this.#place % MEDIAN_EVERY !== 0 && !isLong()) return false;
    const sorted = [...this.#last].sort((a, b) => a - b);
    this.#median = sorted[sorted.length >> 1] as number;
    return isLong();
  }
}
