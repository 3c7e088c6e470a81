import type { Failure } from "../stores/store.ts";
import type { BlockOrder } from "./protocol.ts";
import type { ResultColumns, StoreResult } from "./result-columns.ts";

/** A part of a block, in indices from its first parameter. */
export interface Part {
  readonly from: number;
  /** The index after the last. */
  readonly to: number;
}

/** A block whose parameters finish in any order. */
export class OpenBlock implements BlockOrder {
  readonly start: number;
  readonly count: number;
  readonly position: number;
  readonly columns: ResultColumns;
  readonly store: StoreResult;
  /** How many parameters were started. They start in order. */
  started = 0;
  /** How many parameters have a result or a failure. */
  finished = 0;
  /** How many of those were taken, to be committed. */
  completed = 0;
  readonly #states: Uint8Array;
  readonly #failures = new Map<number, Failure>();
  /** The parameters before this index were taken. */
  #beginning = 0;

  constructor({ start, count, position }: BlockOrder, columns: ResultColumns) {
    this.start = start;
    this.count = count;
    this.position = position;
    this.columns = columns;
    this.store = columns.createStore();
    this.#states = new Uint8Array(count);
  }

  finish(index: number, failure: Failure | undefined): void {
    this.#states[index] = FINISHED;
    this.finished++;
    if (failure === undefined) return;
    this.columns.clear(index);
    this.#failures.set(index, failure);
  }

  /** Takes the finished parameters before the first that is not finished: one part, or none. */
  finishedBeginning(): Part[] {
    const from = this.#beginning;
    while (this.#states[this.#beginning] === FINISHED) this.#take(this.#beginning++);
    return this.#beginning > from ? [{ from, to: this.#beginning }] : [];
  }

  /** Takes all finished parameters. */
  finishedParts(): Part[] {
    const parts = this.finishedBeginning();
    for (let index = this.#beginning; index < this.started; index++) {
      if (this.#states[index] !== FINISHED) continue;
      const from = index;
      while (this.#states[index] === FINISHED) this.#take(index++);
      parts.push({ from, to: index });
    }
    return parts;
  }

  /** The failures of a part, sorted by parameter. */
  failuresOf(from: number, to: number): Failure[] {
    const failures: Failure[] = [];
    if (this.#failures.size === 0) return failures;
    for (let index = from; index < to; index++) {
      const failure = this.#failures.get(index);
      if (failure !== undefined) failures.push(failure);
    }
    return failures;
  }

  #take(index: number): void {
    this.#states[index] = TAKEN;
    this.completed++;
  }
}

const FINISHED = 1;
const TAKEN = 2;
