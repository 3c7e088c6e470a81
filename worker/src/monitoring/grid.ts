import { MOST_CELLS } from "../api/sweeps.ts";
import { endOf, type Range } from "../parameters/ranges.ts";

/** Cells of equal numbers of parameters, as many as a heat map may have. Its memory does not grow with the sweep. */
export class Grid {
  readonly cellSize: number;
  readonly cells: number;
  readonly #total: number;

  constructor(total: number) {
    this.#total = total;
    this.cellSize = Math.max(1, Math.ceil(total / MOST_CELLS));
    this.cells = Math.ceil(total / this.cellSize);
  }

  cellOf(parameter: number): number {
    return Math.floor(parameter / this.cellSize);
  }

  rangeOf(cell: number): Range {
    const start = cell * this.cellSize;
    return { start, count: Math.min(this.cellSize, this.#total - start) };
  }

  /** Calls `visit` for each cell that has some parameters of a range, with their number. */
  visit(range: Range, visit: (cell: number, count: number) => void): void {
    for (let { start } = range; start < endOf(range); ) {
      const cell = this.cellOf(start);
      const end = Math.min(endOf(range), (cell + 1) * this.cellSize);
      visit(cell, end - start);
      start = end;
    }
  }
}
