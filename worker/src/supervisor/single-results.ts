import type { Range } from "../parameters/ranges.ts";
import type { Failure } from "../stores/store.ts";

/** Results of consecutive parameters that were run one by one. The supervisor holds them, where no crash of the evaluation reaches them. */
export class SingleResults implements Range {
  readonly start: number;
  readonly failures: Failure[] = [];
  readonly #values: number[][];
  readonly #since = performance.now();

  constructor(start: number, columns: number) {
    this.start = start;
    this.#values = Array.from({ length: columns }, () => []);
  }

  get count(): number {
    return (this.#values[0] as number[]).length;
  }

  /** Milliseconds since the first parameter. */
  get age(): number {
    return performance.now() - this.#since;
  }

  /** @param values one for each column, or none if the parameter failed. */
  add(values: readonly number[], failure: Failure | undefined): void {
    for (const [place, column] of this.#values.entries()) column.push(values[place] ?? Number.NaN);
    if (failure !== undefined) this.failures.push(failure);
  }

  columns(): Float64Array[] {
    return this.#values.map((column) => Float64Array.from(column));
  }
}
