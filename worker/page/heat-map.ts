import type { HeatMap } from "../src/api/sweeps.ts";
import { mixColors, type Palette } from "./theme.ts";

/** What the colors of a heat map tell. */
export type HeatMapMode = "progress" | "time";

/** Where the cells of a heat map are, in CSS pixels. */
interface Layout {
  readonly columns: number;
  readonly rows: number;
  /** Distance of two cells. */
  readonly pitch: number;
}

/** Cells of this size are easy to hit, smaller ones hard to see. */
const LARGEST_PITCH = 22;
const SMALLEST_PITCH = 5;
/** Height that a heat map may have, if its cells are not too small then. */
const TARGET_HEIGHT = 260;

/** The largest cells that fit into the width and the target height. */
export function layOut(cells: number, width: number): Layout {
  let pitch = LARGEST_PITCH;
  const heightAt = (size: number) => Math.ceil(cells / Math.max(1, Math.floor(width / size))) * size;
  while (pitch > SMALLEST_PITCH && heightAt(pitch) > TARGET_HEIGHT) pitch -= 1;
  const columns = Math.max(1, Math.floor(width / pitch));
  // Few cells keep their size, many fill the width.
  const filling = cells < columns ? pitch : width / columns;
  return { columns, rows: Math.ceil(cells / columns), pitch: filling };
}

/** Cells that are drawn for a sweep: one for each block, a part of one if there are few blocks, several blocks if there are many. */
export function cellsFor(total: number, batchSize: number, most: number): number {
  const blocks = Math.max(1, Math.ceil(total / batchSize));
  if (blocks >= most) return most;
  return Math.min(most, total, blocks * Math.max(1, Math.floor(256 / blocks)));
}

/** First parameter and number of parameters of a cell. */
export function stretchOf(map: HeatMap, cell: number): { readonly start: number; readonly count: number } {
  const start = cell * map.cellSize;
  return { start, count: Math.max(0, Math.min(map.cellSize, map.total - start)) };
}

/** Range of the times of a map without its extremes, which would leave one color for all others. Undefined if no time is known. */
export function timeRange(map: HeatMap): { readonly low: number; readonly high: number } | undefined {
  const known = map.milliseconds.filter((time) => time !== null).sort((a, b) => a - b);
  const at = (share: number) => known[Math.round(share * (known.length - 1))];
  const [low, high] = [at(0.02), at(0.98)];
  return low === undefined || high === undefined ? undefined : { low, high };
}

/** Place of a time in a range from 0 to 1. Times differ by factors, so that the scale is logarithmic. */
function timeShare(milliseconds: number, { low, high }: { low: number; high: number }): number {
  const log = (value: number) => Math.log(Math.max(value, 1e-9));
  if (log(high) === log(low)) return 0.5;
  return Math.min(1, Math.max(0, (log(milliseconds) - log(low)) / (log(high) - log(low))));
}

/** @param cursor cell that gets an outline. */
export function drawHeatMap(
  canvas: HTMLCanvasElement,
  map: HeatMap,
  { columns, rows, pitch }: Layout,
  mode: HeatMapMode,
  palette: Palette,
  cursor: number | undefined,
): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const scale = devicePixelRatio;
  canvas.width = Math.ceil(columns * pitch * scale);
  canvas.height = Math.ceil(rows * pitch * scale);
  context.scale(scale, scale);
  const gap = 1;
  const edge = (index: number) => Math.round(index * pitch);
  const range = timeRange(map);
  for (let cell = 0; cell < map.done.length; cell++) {
    const [column, row] = [cell % columns, Math.floor(cell / columns)];
    const [x, y] = [edge(column), edge(row)];
    const [cellWidth, cellHeight] = [edge(column + 1) - x - gap, edge(row + 1) - y - gap];
    const { count } = stretchOf(map, cell);
    const done = map.done[cell] ?? 0;
    const milliseconds = map.milliseconds[cell] ?? null;
    if (mode === "progress") context.fillStyle = shade(palette.pending, palette.done, done / Math.max(1, count));
    else if (milliseconds === null || range === undefined) context.fillStyle = palette.pending;
    else context.fillStyle = shade(palette.pending, palette.time, 0.15 + 0.85 * timeShare(milliseconds, range));
    context.fillRect(x, y, cellWidth, cellHeight);
    const failed = map.failed[cell] ?? 0;
    if (mode === "progress" && failed > 0) {
      // A mark that grows with the share of the failures: one among a thousand is seen, and does not look like a third of them.
      const share = Math.cbrt(failed / Math.max(1, count));
      const side = (size: number) => Math.max(Math.min(size, 3), Math.round(size * Math.max(0.28, share)));
      const [markWidth, markHeight] = [side(cellWidth), side(cellHeight)];
      const [left, top] = [x + Math.floor((cellWidth - markWidth) / 2), y + Math.floor((cellHeight - markHeight) / 2)];
      // With an edge, because many people see red and green alike.
      if (cellWidth - markWidth >= 4) {
        context.fillStyle = palette.surface;
        context.fillRect(left - 1, top - 1, markWidth + 2, markHeight + 2);
      }
      context.fillStyle = palette.failed;
      context.fillRect(left, top, markWidth, markHeight);
    }
  }
  if (cursor === undefined) return;
  const [column, row] = [cursor % columns, Math.floor(cursor / columns)];
  context.strokeStyle = palette.text;
  context.lineWidth = 2;
  context.strokeRect(edge(column), edge(row), edge(column + 1) - edge(column) - gap, edge(row + 1) - edge(row) - gap);
}

/** One of 33 shades, so that thousands of cells need few colors. */
const shades = new Map<string, string>();
function shade(from: string, to: string, share: number): string {
  // A cell that has begun must not look like one that has not, nor like one that has ended.
  const step = share <= 0 ? 0 : share >= 1 ? 32 : 4 + Math.round(24 * share);
  const key = `${from}${to}${step}`;
  let color = shades.get(key);
  if (color === undefined) {
    color = mixColors(from, to, step / 32);
    shades.set(key, color);
  }
  return color;
}

export interface Stretch {
  readonly start: number;
  readonly count: number;
  readonly done: number;
  readonly failed: number;
  /** Mean computing time of a parameter, null if nothing is known. */
  readonly milliseconds: number | null;
}

/** One cell, or several as one. */
export function mergeCells(map: HeatMap, from: number, to: number): Stretch {
  const { start } = stretchOf(map, from);
  let [count, done, failed, timed, time] = [0, 0, 0, 0, 0];
  for (let cell = from; cell < to; cell++) {
    count += stretchOf(map, cell).count;
    done += map.done[cell] ?? 0;
    failed += map.failed[cell] ?? 0;
    const milliseconds = map.milliseconds[cell] ?? null;
    if (milliseconds !== null) {
      timed += map.done[cell] ?? 0;
      time += milliseconds * (map.done[cell] ?? 0);
    }
  }
  return { start, count, done, failed, milliseconds: timed === 0 ? null : time / timed };
}
