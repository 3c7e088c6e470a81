import fc from "fast-check";
import { countOf, type Range, subtract, union } from "../../worker/src/parameters/ranges.ts";
import { headOf } from "../../worker/src/parameters/splitting.ts";
import { leaderOf } from "../support/leader.ts";

test("each worker begins with one range, cut where blocks begin, whenever it starts", () => {
  const { leader, work } = leaderOf({ total: 105, workers: 3 });
  leader.arrived(2, 1);
  expect([...work]).toEqual([[2, [{ start: 70, count: 35 }]]]);
  leader.arrived(0, 1);
  leader.arrived(1, 1);
  expect([...work.values()].slice(1)).toEqual([[{ start: 0, count: 40 }], [{ start: 40, count: 30 }]]);
});

test("less than a block for each worker is divided between parameters", () => {
  const { leader, work } = leaderOf({ total: 7, workers: 2 });
  for (const worker of [0, 1]) leader.arrived(worker, 1);
  expect([...work.values()]).toEqual([[{ start: 0, count: 4 }], [{ start: 4, count: 3 }]]);
});

test("a worker that has nothing left gets half of what the busiest has, from its end", () => {
  const { leader, work, asked, finish } = leaderOf({ total: 300, workers: 3 });
  for (const worker of [0, 1, 2]) leader.arrived(worker, 1);
  leader.reported(0, 50);
  leader.reported(2, 20);
  finish(1);
  expect(asked).toEqual([2]);
  finish(2, [{ start: 225, count: 75 }]);
  expect(Object.fromEntries(work)).toEqual({
    0: [{ start: 0, count: 100 }],
    1: [{ start: 260, count: 40 }],
    2: [{ start: 225, count: 35 }],
  });
});

test("a rest is not divided when it has less than two blocks, and one parameter at a time if blocks are slow", () => {
  const { leader, work, asked, finish } = leaderOf({ total: 40, workers: 2 });
  for (const worker of [0, 1]) leader.arrived(worker, 1);
  leader.reported(1, 10);
  finish(0);
  expect(asked).toEqual([]);
  // A parameter for each report.
  leader.reported(1, 11);
  expect(asked).toEqual([1]);
  finish(1, [{ start: 32, count: 8 }]);
  expect(Object.fromEntries(work)).toEqual({ 0: [{ start: 36, count: 4 }], 1: [{ start: 32, count: 4 }] });
});

test("a worker with parameters in flight keeps twice as many as it has in flight", () => {
  const { leader, asked, finish } = leaderOf({ total: 400, workers: 2 });
  leader.arrived(0, 1);
  leader.arrived(1, 64);
  leader.reported(1, 80);
  finish(0);
  expect(asked).toEqual([]);
  const { asked: others, ...other } = leaderOf({ total: 400, workers: 2 });
  other.leader.arrived(0, 1);
  other.leader.arrived(1, 64);
  other.leader.reported(1, 70);
  other.finish(0);
  expect(others).toEqual([1]);
});

test("the range of a worker that does not start goes to the others", () => {
  const { leader, work, asked, finish } = leaderOf({ total: 200, workers: 2 });
  leader.arrived(0, 1);
  finish(0);
  expect(Object.fromEntries(work)).toEqual({ 0: [{ start: 150, count: 50 }] });
  expect(asked).toEqual([]);
  leader.arrived(1, 1);
  expect(work.get(1)).toEqual([{ start: 100, count: 50 }]);
});

test("workers end when nothing is left for anybody, and not before", () => {
  const { leader, ended, finish } = leaderOf({ total: 20, workers: 2 });
  for (const worker of [0, 1]) leader.arrived(worker, 1);
  finish(0);
  expect({ ended, isDone: leader.isDone }).toEqual({ ended: [], isDone: false });
  finish(1);
  expect({ ended, isDone: leader.isDone }).toEqual({ ended: [0, 1], isDone: true });
  expect([leader.settledBy(0), leader.settledBy(1)]).toEqual([10, 10]);
});

/** What may happen to a worker: it does a part of its ranges, and yields, reports, does not answer or is lost. */
const happening = (...kinds: ("finish" | "report" | "yield" | "lose" | "overdue")[]) =>
  fc.record({ worker: fc.nat(3), kind: fc.constantFrom(...kinds), part: fc.double({ min: 0, max: 1, noNaN: true }) });

test.each([
  { name: "and then to nobody, whatever happens", kinds: ["finish", "report", "yield", "lose"] as const },
  { name: "also if workers do not answer", kinds: ["finish", "report", "yield", "lose", "overdue"] as const },
])("every parameter is given until it is done, $name", ({ kinds }) => {
  const isStrict = !kinds.includes("overdue" as never);
  const happenings = fc.array(happening(...kinds), { maxLength: 60 });
  fc.assert(
    fc.property(fc.nat(500), fc.nat(20), happenings, (total, batch, happened) => {
      const { leader, work, ended } = leaderOf({ total, workers: 4, batchSize: batch + 1 });
      const away = new Set([0, 1, 2, 3]);
      let done: Range[] = [];
      const doSome = (worker: number, count: number) => {
        const ranges = work.get(worker) ?? [];
        const some = headOf(ranges, count);
        // Nobody had done any of these.
        if (isStrict) expect(countOf(union([...done, ...some]))).toBe(countOf(done) + countOf(some));
        done = union([...done, ...some]);
        return subtract(ranges, union(some));
      };
      const finish = (worker: number, count: number) => {
        const left = doSome(worker, count);
        work.delete(worker);
        leader.finished(worker, left);
      };
      for (const { worker, kind, part } of happened) {
        const size = countOf(work.get(worker) ?? []);
        if (away.delete(worker)) leader.arrived(worker, 1);
        else if (ended.includes(worker)) continue;
        else if (kind === "lose") {
          const left = doSome(worker, Math.floor(size * part));
          work.delete(worker);
          away.add(worker);
          leader.lost(worker, left, 2);
        } else if (!work.has(worker)) continue;
        else if (kind === "overdue") leader.overdue(worker);
        else if (kind === "report") leader.reported(worker, Math.floor(size * part));
        else finish(worker, kind === "yield" ? Math.floor(size * part) : size);
      }
      for (const worker of away) leader.arrived(worker, 1);
      for (let [next] = work; next !== undefined; [next] = work) finish(next[0], countOf(next[1]));
      expect(leader.isDone).toBe(true);
      expect([...ended].sort()).toEqual([0, 1, 2, 3]);
      expect(done).toEqual(total === 0 ? [] : [{ start: 0, count: total }]);
      expect([0, 1, 2, 3].reduce((sum, worker) => sum + leader.settledBy(worker), 0)).toBe(total);
    }),
  );
});
