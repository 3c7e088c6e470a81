import fc from "fast-check";
import { countOf, endOf, type Range, subtract, union } from "../../worker/src/parameters/ranges.ts";
import { divide, firstRanges, splitRest } from "../../worker/src/parameters/splitting.ts";

/** Disjoint, sorted ranges. */
const someRanges = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 1000 })), { minLength: 1, maxLength: 20 })
  .map((gapsAndCounts) => {
    let end = 0;
    return union(
      gapsAndCounts.map(([gap, count]) => {
        const start = end + gap;
        end = start + count;
        return { start, count };
      }),
    );
  });

function expectDisjoint(ranges: readonly Range[]): void {
  const sorted = [...ranges].sort((a, b) => a.start - b.start);
  for (const [index, range] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next !== undefined) expect(endOf(range)).toBeLessThanOrEqual(next.start);
  }
}

test("the pieces of a rest hold all of it, each parameter once, and are at most eight", () => {
  const outcome = fc.record({ perSecond: fc.double({ min: 0, max: 1e6, noNaN: true }), sliceSeconds: fc.constant(30) });
  fc.assert(
    fc.property(someRanges, outcome, (left, slice) => {
      const pieces = splitRest(left, slice);
      expect(pieces.length).toBeLessThanOrEqual(8);
      expect(subtract(left, union(pieces))).toEqual([]);
      expectDisjoint(pieces);
    }),
  );
});

test.each([
  ["half a slice", 1500, 1],
  ["a little more", 1501, 2],
  ["two slices", 6000, 4],
  ["an hour", 360_000, 8],
])("a rest of %s is divided", (_, count, pieces) => {
  const counts = splitRest([{ start: 7, count }], { perSecond: 100, sliceSeconds: 30 }).map((piece) => piece.count);
  expect(counts).toHaveLength(pieces);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
});

test("a rest of which a slice has finished nothing is divided as far as it can be", () => {
  expect(splitRest([{ start: 5, count: 3 }], { perSecond: 0, sliceSeconds: 30 })).toEqual([
    { start: 5, count: 1 },
    { start: 6, count: 1 },
    { start: 7, count: 1 },
  ]);
});

test("the first ranges hold each pending parameter once, and are cut where blocks begin", () => {
  const sizes = fc.record({
    pieces: fc.integer({ min: 1, max: 400 }),
    batchSize: fc.integer({ min: 1, max: 300 }),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(someRanges, sizes, (pending, options) => {
      const ranges = firstRanges(pending, options);
      expect(union(ranges)).toEqual(pending);
      expect(countOf(ranges)).toBe(countOf(pending));
      for (const { start } of ranges) {
        const isCut = !pending.some((range) => range.start === start);
        if (isCut) expect(start % options.batchSize).toBe(0);
      }
    }),
  );
});

test("the first ranges are in an order that the seed decides", () => {
  const order = (seed: number) => firstRanges([{ start: 0, count: 100 }], { pieces: 10, batchSize: 10, seed });
  expect(order(1)).toHaveLength(10);
  expect(order(1)).toEqual(order(1));
  expect(order(1)).not.toEqual(order(2));
});

test("lists of ranges hold every parameter once, in order, and are cut where blocks begin if each has a block", () => {
  const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 100 })), { maxLength: 10 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 20 }), (pairs, parts, batchSize) => {
      let end = 0;
      const ranges = pairs.map(([gap, count]) => {
        const range = { start: end + gap, count };
        end = endOf(range);
        return range;
      });
      const lists = divide(ranges, parts, batchSize);
      expect(lists).toHaveLength(parts);
      expect(union(lists.flat())).toEqual(union(ranges));
      expect(countOf(lists.flat())).toBe(countOf(ranges));
      const each = countOf(ranges) / parts;
      const slack = each >= batchSize ? batchSize : 1;
      for (const list of lists) expect(Math.abs(countOf(list) - each)).toBeLessThanOrEqual(slack);
      const [edges, starts] = [new Set(ranges.map(endOf)), new Set(ranges.map(({ start }) => start))];
      for (const [first] of lists) {
        if (each < batchSize || first === undefined || starts.has(first.start)) continue;
        expect(first.start % batchSize === 0 || edges.has(first.start)).toBe(true);
      }
    }),
  );
});
