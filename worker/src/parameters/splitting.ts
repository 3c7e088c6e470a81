import { shuffled } from "./partition.ts";
import { CounterBasedContext } from "./random.ts";
import { countOf, endOf, type Range } from "./ranges.ts";

/** Most pieces into which an executor divides the rest of a range. They double at every slice, so that any rest is soon spread. */
const MOST_PIECES = 8;
/**
 * The piece to aim for, as a part of a slice. A rest may be slower than its beginning, and the last pieces of a run decide when it ends:
 * with whole slices, 50 executors of which a third is lost reach 0.947 of the ideal in place of 0.956, for half as many messages.
 */
const PIECE_OF_A_SLICE = 1 / 3;

/** What an executor knows about the rest of a range that it has worked on for one slice. */
export interface SliceOutcome {
  /** Parameters that the slice has finished in each second. */
  readonly perSecond: number;
  /** The time for which an executor works on a range. */
  readonly sliceSeconds: number;
}

/**
 * Divides the rest of a range after a slice, for other executors: into pieces of a third of a slice at the same rate, at most eight. The
 * guess may be wrong, because the next slice of each piece corrects it.
 *
 * @param left the parameters without a result, disjoint and sorted.
 * @returns disjoint ranges that hold all of `left`, and perhaps finished parameters between them: a receiver leaves these out.
 */
export function splitRest(left: readonly Range[], { perSecond, sliceSeconds }: SliceOutcome): Range[] {
  // A slice in which not one parameter was finished tells nothing but that the rest is long.
  const inAPiece = perSecond * sliceSeconds * PIECE_OF_A_SLICE;
  const pieces = inAPiece > 0 ? Math.ceil(countOf(left) / inAPiece) : MOST_PIECES;
  return piecesOf(left, Math.min(MOST_PIECES, pieces));
}

/**
 * The first ranges of a run: about `pieces`, which begin and end where blocks do, in a random order, so that a region of slow
 * parameters is not the last to begin.
 *
 * @param pending the parameters without a result, disjoint and sorted.
 */
export function firstRanges(
  pending: readonly Range[],
  { pieces, batchSize, seed }: { readonly pieces: number; readonly batchSize: number; readonly seed: number },
): Range[] {
  const blocks = Math.ceil(countOf(pending) / pieces / batchSize);
  const ranges = pending.flatMap((range) => alignedPieces(range, blocks * batchSize, batchSize));
  const { random } = contextOf(seed);
  return [...shuffled(ranges.length, random)].map((index) => ranges[index] as Range);
}

/** Cuts the line of all parameters into equal parts. A part that reaches over a gap includes it. */
export function piecesOf(ranges: readonly Range[], pieces: number): Range[] {
  const total = countOf(ranges);
  const found: Range[] = [];
  let [place, before] = [0, 0];
  for (let piece = 0; piece < pieces; piece++) {
    const [from, to] = [Math.floor((total * piece) / pieces), Math.floor((total * (piece + 1)) / pieces)];
    if (to === from) continue;
    while (before + (ranges[place] as Range).count <= from) before += (ranges[place++] as Range).count;
    const start = (ranges[place] as Range).start + from - before;
    while (before + (ranges[place] as Range).count < to) before += (ranges[place++] as Range).count;
    found.push({ start, count: (ranges[place] as Range).start + to - before - start });
  }
  return found;
}

/**
 * Divides ranges into lists of about equal size, in their order. It cuts where blocks begin as long as each list holds a block, and
 * between any two parameters otherwise. A list may be empty.
 */
export function divide(ranges: readonly Range[], parts: number, batchSize: number): Range[][] {
  const total = countOf(ranges);
  const isAligned = total / parts >= batchSize;
  const lists: Range[][] = [[]];
  let before = 0;
  for (const range of ranges) {
    let { start } = range;
    for (; lists.length < parts; lists.push([])) {
      const exact = range.start + Math.round((total * lists.length) / parts) - before;
      if (exact > endOf(range)) break;
      const cut = Math.min(endOf(range), isAligned ? Math.round(exact / batchSize) * batchSize : exact);
      if (cut <= start) continue;
      lists.at(-1)?.push({ start, count: cut - start });
      start = cut;
    }
    if (endOf(range) > start) lists.at(-1)?.push({ start, count: endOf(range) - start });
    before += range.count;
  }
  while (lists.length < parts) lists.push([]);
  return lists;
}

/** The first `count` parameters of ranges. */
export function headOf(ranges: readonly Range[], count: number): Range[] {
  const head: Range[] = [];
  let room = count;
  for (const range of ranges) {
    if (room <= 0) break;
    head.push({ start: range.start, count: Math.min(range.count, room) });
    room -= range.count;
  }
  return head;
}

/** Cuts ranges where blocks begin. */
export function blocksOf(ranges: readonly Range[], batchSize: number): Range[] {
  return ranges.flatMap((range) => alignedPieces(range, batchSize, batchSize));
}

/** Cuts a range where blocks begin, into parts of `size` parameters, a multiple of `batchSize`. */
function alignedPieces(range: Range, size: number, batchSize: number): Range[] {
  const parts: Range[] = [];
  for (let { start } = range; start < endOf(range); ) {
    const end = Math.min(endOf(range), start - (start % batchSize) + size);
    parts.push({ start, count: end - start });
    start = end;
  }
  return parts;
}

/** Parameters are below 2^53, so that no evaluation uses this key, and the odd ones are free: see `blockOrder`. */
function contextOf(seed: number): CounterBasedContext {
  const context = new CounterBasedContext(seed);
  context.moveTo(2 ** 53 - 1);
  return context;
}
