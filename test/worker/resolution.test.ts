import { array, assert, integer, property, record } from "fast-check";
import { endOf } from "../../worker/src/parameters/ranges.ts";
import { recordOf, resolve, resolveStream } from "../../worker/src/stores/resolution.ts";
import type { CommitRecord } from "../../worker/src/stores/store.ts";

const ranges = array(record({ start: integer({ min: 0, max: 60 }), count: integer({ min: 1, max: 30 }) }), {
  maxLength: 12,
}).map((list) => list.map((range, written) => ({ ...range, written })).sort((a, b) => a.start - b.start));

async function* streamOf<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

test("each parameter counts once, in the first record by start, then longest, then last written", async () => {
  assert(
    property(ranges, (records) => {
      const parts = [...resolve(records)];
      const byPriority = [...records].sort((a, b) => a.start - b.start || b.count - a.count || b.written - a.written);
      const counted: number[][] = [];
      const expected: number[][] = [];
      for (let parameter = 0; parameter < 100; parameter++) {
        const first = byPriority.find(({ start, count }) => start <= parameter && parameter < start + count);
        const holding = parts.filter((part) => part.start <= parameter && parameter < endOf(part));
        counted.push(holding.map((part) => part.record.written));
        expected.push(first === undefined ? [] : [first.written]);
      }
      expect(counted).toEqual(expected);
      // Sorted, and each a part of its record.
      expect(parts.map(({ start }) => start)).toEqual(parts.map(({ start }) => start).sort((a, b) => a - b));
      for (const part of parts) expect(endOf(part)).toBe(endOf(part.record));
    }),
    { numRuns: 100 },
  );
});

test("a stream is resolved as a list is, with one record of lookahead", async () => {
  const records = [
    { start: 0, count: 5 },
    { start: 0, count: 8 },
    { start: 3, count: 9 },
    { start: 20, count: 2 },
  ];
  const resolved = [];
  for await (const part of resolveStream(streamOf(records))) resolved.push(part);
  expect(resolved).toEqual([...resolve(records)]);
  let taken = 0;
  const endless = (async function* () {
    for (;;) yield { start: taken++, count: 1 };
  })();
  await resolveStream(endless).next();
  expect(taken).toBe(2);
});

test("records that are not sorted are refused, because a part could count twice", () => {
  const records = [
    { start: 5, count: 1 },
    { start: 4, count: 1 },
  ];
  expect(() => [...resolve(records)]).toThrow("the records are not sorted");
});

test("a trimmed record has a checksum of its own, and the failures of its part", () => {
  const failure = (parameter: number) => ({ parameter, kind: "timeout" as const, error: "late" });
  const early: CommitRecord = { start: 0, count: 60, checksum: "early", failures: [failure(40)] };
  const late: CommitRecord = { start: 30, count: 70, checksum: "late", failures: [failure(40), failure(60)] };
  expect([...resolve([early, late])].map((part) => recordOf(part, () => "own"))).toEqual([
    early,
    { start: 60, count: 40, checksum: "own", failures: [failure(60)] },
  ]);
});
