import fc from "fast-check";
import { countOf, type Range, union } from "../../worker/src/parameters/ranges.ts";
import { BlockSchedule } from "../../worker/src/supervisor/block-schedule.ts";

/** An event of an evaluation process; `place` chooses a block or a parameter of it. */
const EVENTS = [
  "completes a part",
  "completes a block",
  "fails a block",
  "dies",
  "dies with parameters in flight",
] as const;
const events = fc.infiniteStream(fc.tuple(fc.constantFrom(...EVENTS), fc.double({ min: 0, max: 0.999, noNaN: true })));
const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 20 });

test("whatever happens to the process, each parameter is committed once, and a place in the spool has one block", () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 5 }), events, (counts, capacity, stream) => {
      const blocks = counts.map((count, index) => ({ start: index * 12, count }));
      const taken = new Set<number>();
      let places = 0;
      const schedule = new BlockSchedule({
        paths: [],
        completeEveryMs: 0,
        capacity,
        reserve: () => {
          taken.add(++places);
          expect(taken.size).toBeLessThanOrEqual(capacity);
          return places * 100;
        },
        release: (position) => expect(taken.delete(position / 100)).toBe(true),
      });
      const committed: Range[] = [];
      /** The blocks of the process, without their committed beginnings. */
      let process: { first: number; left: Range }[] = [];
      const complete = (count: number) => {
        const [block] = process as [(typeof process)[number]];
        const { first, left } = block;
        const part = { start: left.start, count };
        schedule.complete([{ ...part, block: first, checksum: "", failures: [] }], ([spooled]) => {
          expect(taken.has(Math.floor((spooled?.position as number) / 100))).toBe(true);
          committed.push(part);
        });
        block.left = { start: left.start + count, count: left.count - count };
        if (block.left.count === 0) process.shift();
      };
      schedule.begin(blocks);
      while (!schedule.isDone) {
        const suspect = schedule.nextSuspect();
        if (suspect !== undefined) committed.push(suspect);
        process.push(...schedule.nextOrders(0).map(({ start, count }) => ({ first: start, left: { start, count } })));
        const [next] = process;
        if (next === undefined) continue;
        const [event, place] = stream.next().value as [(typeof EVENTS)[number], number];
        const { first, left } = next;
        if (event === "completes a part") complete(1 + Math.floor(place * left.count));
        else if (event === "completes a block") complete(left.count);
        else if (event === "fails a block") {
          process.shift();
          schedule.suspect(first);
        } else {
          const inFlight = process.map((block) => block.left.start + Math.floor(place * block.left.count));
          process = [];
          schedule.recover(event === "dies" ? [] : inFlight);
        }
      }
      expect(countOf(committed)).toBe(countOf(blocks));
      expect(union(committed)).toEqual(union(blocks));
      expect(taken.size).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test("after a death with parameters in flight only those are suspects", () => {
  const schedule = new BlockSchedule({
    paths: [],
    completeEveryMs: 0,
    capacity: 2,
    reserve: ({ start }) => start,
    release: () => {},
  });
  schedule.begin([
    { start: 0, count: 10 },
    { start: 10, count: 10 },
  ]);
  schedule.nextOrders(0);
  // 30 belongs to no block: it was evaluated by itself.
  schedule.recover([3, 4, 12, 30]);
  const suspects = [schedule.nextSuspect(), schedule.nextSuspect(), schedule.nextSuspect()];
  expect(suspects).toEqual([{ start: 3, count: 2 }, { start: 12, count: 1 }, undefined]);
  const orders = [...schedule.nextOrders(0)];
  expect(orders.map(({ start, count }) => ({ start, count }))).toEqual([
    { start: 0, count: 3 },
    { start: 5, count: 5 },
  ]);
});
