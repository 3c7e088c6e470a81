import type { Column } from "../api/sweeps.ts";
import { endOf, intersection, type Range } from "../parameters/ranges.ts";
import { inOrder } from "../stores/in-order.ts";
import type { CommittedBlocks, CommittedPart } from "../stores/store.ts";
import type { Aggregate } from "./aggregate.ts";
import { histogramOf, type Sampled, stretchesOf } from "./value-statistics.ts";

/** Most pieces of blocks that are read: each is a request. */
const MOST_PIECES = 64;
/** Most values that are read, 8 MB of them. */
const MOST_VALUES = 1 << 20;
/** Most stretches of the answer. */
const MOST_STRETCHES = 512;
const READ_AT_ONCE = 8;

/**
 * One column of a sweep, from a sample of its committed blocks.
 *
 * @param column the place of the column.
 * @param range the parameters to sample from.
 */
export async function sampleColumn(
  blocks: CommittedBlocks,
  aggregate: Aggregate,
  column: number,
  range: Range,
): Promise<Column> {
  const pieces = await choosePieces(blocks, windowsIn(aggregate, range, blocks.identity.batchSize));
  const most = Math.floor(MOST_VALUES / Math.max(1, pieces.length));
  const read = async (piece: CommittedPart): Promise<Sampled> => ({
    start: piece.start,
    values: await blocks.valuesOf(piece, column, most),
  });
  const samples: Sampled[] = [];
  const window = { items: READ_AT_ONCE, bytes: Number.POSITIVE_INFINITY, bytesOf: () => 0 };
  for await (const sampled of inOrder(pieces, read, window)) samples.push(sampled);
  const stretches = Math.floor(MOST_STRETCHES / Math.max(1, samples.length));
  return {
    column: blocks.identity.columns[column] as string,
    sampled: samples.reduce((sum, { values }) => sum + values.length, 0),
    histogram: histogramOf(samples),
    overParameter: samples.flatMap((sampled) => stretchesOf(sampled, stretches)),
  };
}

/** Disjoint and sorted ranges in which something is committed, spread evenly over what is: a block, or the rest of a cell with gaps. */
function windowsIn({ grid, done }: Aggregate, range: Range, batchSize: number): Range[] {
  const cells = [...done.entries()].flatMap(([cell, count]) => {
    const whole = grid.rangeOf(cell);
    const share = count / whole.count;
    return share === 0 ? [] : intersection([range], whole).map((piece) => ({ ...piece, share }));
  });
  const each = cells.reduce((sum, { count, share }) => sum + count * share, 0) / MOST_PIECES;
  const windows: Range[] = [];
  /** Committed parameters before the next window's middle, and before the cell. */
  let [target, before] = [each / 2, 0];
  for (const { share, ...cell } of cells) {
    for (; target < before + cell.count * share; target += each) {
      const free = windows.length === 0 ? range.start : endOf(windows.at(-1) as Range);
      // Nothing tells where in a cell with gaps its blocks are.
      const parameter = share < 1 ? cell.start : cell.start + Math.floor(target - before);
      if (share < 1 ? free >= endOf(cell) : free > parameter) continue;
      const block = parameter - (parameter % batchSize);
      const start = Math.max(free, share < 1 ? cell.start : block);
      const end = share < 1 ? endOf(cell) : Math.min(block + batchSize, endOf(range));
      windows.push({ start, count: end - start });
    }
    before += cell.count * share;
  }
  return windows;
}

/** The first pieces of blocks in each window. */
async function choosePieces(blocks: CommittedBlocks, windows: readonly Range[]): Promise<CommittedPart[]> {
  if (windows.length === 0) return [];
  const ofWindow = Math.floor(MOST_PIECES / windows.length);
  const chosen = await Promise.all(
    blocks.lanes(windows).map(async (lane) => {
      const pieces: CommittedPart[] = [];
      let [place, inWindow] = [0, 0];
      for await (const piece of lane) {
        while (endOf(windows[place] as Range) <= piece.start) [place, inWindow] = [place + 1, 0];
        if (inWindow++ < ofWindow) pieces.push(piece);
      }
      return pieces;
    }),
  );
  return chosen.flat().slice(0, MOST_PIECES);
}
