import { array, assert, integer, property, record } from "fast-check";
import { countOf, endOf, overlaps, type Range, subtract, union } from "../../worker/src/parameters/ranges.ts";

const ranges = array(record({ start: integer({ min: 0, max: 200 }), count: integer({ min: 0, max: 40 }) }), {
  maxLength: 12,
});

function membersOf(list: readonly Range[]): number[] {
  return list.flatMap(({ start, count }) => Array.from({ length: count }, (_, index) => start + index));
}

test("a union holds the same parameters, once, in order, without touching ranges", () => {
  assert(
    property(ranges, (list) => {
      const merged = union(list);
      expect(membersOf(merged)).toEqual([...new Set(membersOf(list))].sort((a, b) => a - b));
      for (const [index, range] of merged.entries()) {
        const next = merged[index + 1];
        if (next !== undefined) expect(next.start).toBeGreaterThan(endOf(range));
      }
    }),
  );
});

test("a difference holds, in order, what was not taken", () => {
  assert(
    property(ranges, ranges, (list, taken) => {
      const without = new Set(membersOf(taken));
      expect(membersOf(subtract(list, union(taken)))).toEqual(membersOf(list).filter((member) => !without.has(member)));
    }),
  );
});

test("ranges overlap when they share a parameter", () => {
  assert(
    property(ranges, integer({ min: 0, max: 200 }), integer({ min: 1, max: 40 }), (list, start, count) => {
      const wanted = new Set(membersOf([{ start, count }]));
      expect(overlaps(union(list), { start, count })).toBe(membersOf(list).some((member) => wanted.has(member)));
    }),
  );
});

test("the count of disjoint ranges is the number of their parameters", () => {
  expect(
    countOf([
      { start: 3, count: 4 },
      { start: 10, count: 1 },
    ]),
  ).toBe(5);
  expect(countOf([])).toBe(0);
});
