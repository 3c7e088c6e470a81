import type { HeatMap } from "../api/sweeps.ts";
import { knownMilliseconds } from "./state.ts";
import type { Look } from "./sweep-view.ts";

/** Cells of a look, joined so that there are at most as many as somebody wants. The sums are those of the counts. */
export function heatMapOf(look: Look, cells: number): HeatMap {
  const { aggregate, identity } = look;
  const { grid, done, failed } = aggregate;
  const joined = Math.max(1, Math.ceil(grid.cells / Math.max(1, cells)));
  const { of } = aggregate.computingTime.perParameter(knownMilliseconds(look));
  const map = {
    total: identity.totalParameters,
    cellSize: grid.cellSize * joined,
    done: [] as number[],
    failed: [] as number[],
    milliseconds: [] as (number | null)[],
  };
  for (let from = 0; from < grid.cells; from += joined) {
    const to = Math.min(grid.cells, from + joined);
    const [inCell, failedInCell] = [sumOf(done, from, to), sumOf(failed, from, to)];
    map.done.push(inCell);
    map.failed.push(failedInCell);
    map.milliseconds.push(meanOf(done, of, from, to));
  }
  return map;
}

/** The mean of the cells in which the time is known, weighed by their parameters. */
function meanOf(
  done: Float64Array,
  millisecondsOf: (cell: number) => number | undefined,
  from: number,
  to: number,
): number | null {
  let [sum, weight] = [0, 0];
  for (let cell = from; cell < to; cell++) {
    const count = done[cell] as number;
    const milliseconds = count === 0 ? undefined : millisecondsOf(cell);
    if (milliseconds === undefined) continue;
    sum += milliseconds * count;
    weight += count;
  }
  return weight === 0 ? null : sum / weight;
}

function sumOf(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let cell = from; cell < to; cell++) sum += values[cell] as number;
  return sum;
}
