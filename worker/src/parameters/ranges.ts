/** The parameters from `start` to `start + count - 1`. */
export interface Range {
  readonly start: number;
  readonly count: number;
}

/** The first parameter after a range. */
export function endOf(range: Range): number {
  return range.start + range.count;
}

/** The number of parameters in disjoint ranges. */
export function countOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, range) => sum + range.count, 0);
}

/** The smallest range that holds all of some sorted ranges. */
export function hullOf(ranges: readonly Range[]): Range {
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined) return { start: 0, count: 0 };
  return { start: first.start, count: endOf(last) - first.start };
}

/** The same parameters as sorted ranges that neither overlap nor touch. */
export function union(ranges: readonly Range[]): Range[] {
  const sorted = ranges.filter((range) => range.count > 0).sort((a, b) => a.start - b.start);
  const merged: { start: number; count: number }[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last === undefined || range.start > endOf(last)) merged.push({ start: range.start, count: range.count });
    else last.count = Math.max(last.count, endOf(range) - last.start);
  }
  return merged;
}

/** The {@link union} of very many ranges, in the memory of the result. */
export class RangeCollector {
  #ranges: Range[] = [];
  #mergeAt = 1024;

  add({ start, count }: Range): void {
    this.#ranges.push({ start, count });
    if (this.#ranges.length < this.#mergeAt) return;
    this.#ranges = union(this.#ranges);
    // Merging again only when there are twice as many keeps the cost of an addition constant, but for the sort.
    this.#mergeAt = Math.max(1024, 2 * this.#ranges.length);
  }

  ranges(): Range[] {
    return union(this.#ranges);
  }
}

/** The parts of `ranges` that are not in `taken`, in their order. `taken` must be a result of {@link union}. */
export function subtract(ranges: readonly Range[], taken: readonly Range[]): Range[] {
  const left: Range[] = [];
  for (const range of ranges) {
    let { start } = range;
    for (let at = firstEndingAfter(taken, start); start < endOf(range); at++) {
      const hole = taken[at];
      const stop = Math.min(hole?.start ?? Number.POSITIVE_INFINITY, endOf(range));
      if (stop > start) left.push({ start, count: stop - start });
      if (hole === undefined) break;
      start = Math.max(start, endOf(hole));
    }
  }
  return left;
}

/** The pieces of `range` that are in `wanted`, which must be disjoint and sorted. */
export function intersection(wanted: readonly Range[], range: Range): Range[] {
  const pieces: Range[] = [];
  for (let at = firstEndingAfter(wanted, range.start); at < wanted.length; at++) {
    const next = wanted[at] as Range;
    const start = Math.max(range.start, next.start);
    const count = Math.min(endOf(range), endOf(next)) - start;
    if (count <= 0) break;
    pieces.push({ start, count });
  }
  return pieces;
}

/** Whether any parameter of `range` is in `ranges`, which must be a result of {@link union}. */
export function overlaps(ranges: readonly Range[], range: Range): boolean {
  const candidate = ranges[firstEndingAfter(ranges, range.start)];
  return candidate !== undefined && candidate.start < endOf(range);
}

/** Index of the first of sorted, disjoint ranges that ends after `parameter`. */
function firstEndingAfter(ranges: readonly Range[], parameter: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (endOf(ranges[middle] as Range) > parameter) high = middle;
    else low = middle + 1;
  }
  return low;
}
