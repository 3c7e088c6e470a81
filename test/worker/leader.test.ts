import fc from "fast-check";
import { costShapes } from "../../bench/queue-simulation.ts";
import { simulateStealing } from "../../bench/stealing-simulation.ts";
import { Leader } from "../../worker/src/engine/leader.ts";
import { countOf, endOf, type Range, subtract, union } from "../../worker/src/parameters/ranges.ts";
import { divide, headOf } from "../../worker/src/parameters/splitting.ts";

interface Options {
  readonly total: number;
  readonly workers: number;
  readonly batchSize?: number;
  readonly pending?: readonly Range[];
  readonly suspects?: ReadonlyMap<number, readonly Range[]>;
}

/** A leader, and what it has told its workers. */
function leaderOf({ total, workers, batchSize = 10, pending = [{ start: 0, count: total }], suspects }: Options) {
  const work = new Map<number, readonly Range[]>();
  const asked: number[] = [];
  const ended: number[] = [];
  const leader = new Leader(
    { pending, workers, batchSize, ...(suspects === undefined ? {} : { suspects }) },
    {
      give: (worker, ranges) => work.set(worker, ranges),
      askToYield: (worker) => asked.push(worker),
      end: (worker) => ended.push(worker),
    },
  );
  const finish = (worker: number, left: readonly Range[] = []) => {
    work.delete(worker);
    leader.finished(worker, left);
  };
  return { leader, work, asked, ended, finish };
}

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

describe("of a worker that was lost", () => {
  test("what it had in work waits for it, and the others get the rest", () => {
    const { leader, work, asked, ended, finish } = leaderOf({ total: 200, workers: 2, batchSize: 5 });
    for (const worker of [0, 1]) leader.arrived(worker, 1);
    finish(1);
    expect(asked).toEqual([0]);
    leader.reported(0, 4);
    // It yields too late.
    leader.lost(0, [{ start: 7, count: 93 }], 3);
    expect(work.get(1)).toEqual([{ start: 19, count: 81 }]);
    finish(1);
    expect({ ended, isDone: leader.isDone }).toEqual({ ended: [], isDone: false });
    leader.arrived(0, 1);
    expect(work.get(0)).toEqual([{ start: 7, count: 12 }]);
    // It may hold a parameter that kills its worker: nobody else may get it.
    leader.reported(0, 1);
    expect(asked).toEqual([0]);
    finish(0);
    expect([leader.settledBy(0), leader.settledBy(1), leader.isDone]).toEqual([19, 181, true]);
  });

  test("in the search for a parameter that kills it, everything waits for it", () => {
    const { leader, work } = leaderOf({ total: 200, workers: 2 });
    for (const worker of [0, 1]) leader.arrived(worker, 1);
    leader.reported(0, 8);
    leader.lost(0, [{ start: 8, count: 92 }], 5);
    leader.arrived(0, 1);
    expect(work.get(0)).toEqual([{ start: 8, count: 40 }]);
    leader.reported(0, 1);
    leader.lost(0, [{ start: 9, count: 39 }], 5);
    leader.arrived(0, 1);
    expect(work.get(0)).toEqual([{ start: 9, count: 39 }]);
  });

  test("at least as many as it has in flight wait", () => {
    const { leader, work } = leaderOf({ total: 200, workers: 2 });
    for (const worker of [0, 1]) leader.arrived(worker, 30);
    leader.reported(0, 1);
    leader.lost(0, [{ start: 1, count: 99 }], 5);
    leader.arrived(0, 30);
    expect(work.get(0)).toEqual([{ start: 1, count: 30 }]);
  });

  test("without a report, as many wait as another may have had in work", () => {
    const { leader, work } = leaderOf({ total: 2000, workers: 2 });
    for (const worker of [0, 1]) leader.arrived(worker, 1);
    leader.reported(1, 7);
    leader.lost(0, [{ start: 0, count: 1000 }], 3);
    leader.arrived(0, 1);
    expect(work.get(0)).toEqual([{ start: 0, count: 21 }]);
  });

  test("without any report, 32 blocks wait", () => {
    const { leader, work } = leaderOf({ total: 2000, workers: 2 });
    for (const worker of [0, 1]) leader.arrived(worker, 1);
    leader.lost(0, [{ start: 0, count: 1000 }], 3);
    leader.arrived(0, 1);
    expect(work.get(0)).toEqual([{ start: 0, count: 320 }]);
  });

  test("at an earlier start, it gets those ranges first, as far as they have no result", () => {
    const { leader, work } = leaderOf({
      total: 200,
      workers: 3,
      pending: [
        { start: 0, count: 50 },
        { start: 95, count: 105 },
      ],
      suspects: new Map([
        [1, [{ start: 80, count: 60 }]],
        [2, [{ start: 50, count: 10 }]],
        [7, [{ start: 0, count: 10 }]],
      ]),
    });
    for (const worker of [0, 1, 2]) leader.arrived(worker, 1);
    expect(Object.fromEntries(work)).toEqual({
      0: [
        { start: 0, count: 50 },
        { start: 140, count: 10 },
      ],
      1: [{ start: 95, count: 45 }],
      2: [{ start: 150, count: 50 }],
    });
  });
});

describe("a worker that does not answer", () => {
  test("keeps the beginning of its ranges, and what the others get is theirs", () => {
    const { leader, work, asked, finish } = leaderOf({ total: 200, workers: 2, batchSize: 5 });
    for (const worker of [0, 1]) leader.arrived(worker, 1);
    leader.reported(0, 20);
    finish(1);
    expect(asked).toEqual([0]);
    leader.overdue(0);
    expect(work.get(1)).toEqual([{ start: 60, count: 40 }]);
    finish(1);
    expect(work.get(1)).toEqual([{ start: 40, count: 20 }]);
    // It has done the parameter that took so long, and gets what is left of its beginning.
    finish(0, [{ start: 21, count: 79 }]);
    expect(work.get(0)).toEqual([{ start: 21, count: 19 }]);
    finish(0);
    finish(1);
    expect([leader.settledBy(0), leader.settledBy(1), leader.isDone]).toEqual([40, 160, true]);
  });

  test("is left alone while another has more", () => {
    const { leader, asked, work, finish } = leaderOf({ total: 300, workers: 3, batchSize: 5 });
    for (const worker of [0, 1, 2]) leader.arrived(worker, 1);
    leader.reported(2, 20);
    finish(1);
    expect(asked).toEqual([0]);
    leader.overdue(0);
    expect(work.get(1)).toEqual([{ start: 50, count: 50 }]);
    finish(1);
    expect(asked).toEqual([0, 2]);
    expect(work.has(1)).toBe(false);
  });

  test("keeps the parameter in work, however many others have nothing to do", () => {
    const { leader, work, asked, finish } = leaderOf({ total: 16, workers: 8, batchSize: 1 });
    for (let worker = 0; worker < 8; worker++) leader.arrived(worker, 1);
    for (let worker = 1; worker < 8; worker++) finish(worker);
    expect(asked).toContain(0);
    leader.overdue(0);
    expect([...work]).toEqual([
      [0, [{ start: 0, count: 2 }]],
      [1, [{ start: 1, count: 1 }]],
    ]);
  });

  test("keeps all that it has in flight, and what it may have done since its last report", () => {
    const { leader, work, asked, finish } = leaderOf({ total: 400, workers: 8, batchSize: 1 });
    for (let worker = 0; worker < 8; worker++) leader.arrived(worker, 10);
    leader.reported(0, 5);
    leader.reported(0, 8);
    for (let worker = 1; worker < 8; worker++) finish(worker);
    expect(asked).toContain(0);
    leader.overdue(0);
    const others = [...work].filter(([worker]) => worker !== 0).flatMap(([, ranges]) => ranges);
    expect(union(others)).toEqual([{ start: 20, count: 30 }]);
  });

  test("and is lost then leaves the others what they got", () => {
    const { leader, work, finish } = leaderOf({ total: 200, workers: 2, batchSize: 5 });
    for (const worker of [0, 1]) leader.arrived(worker, 1);
    leader.reported(0, 4);
    finish(1);
    leader.overdue(0);
    expect(work.get(1)).toEqual([{ start: 50, count: 50 }]);
    expect(leader.workOf(0)).toEqual([{ start: 0, count: 50 }]);
    leader.lost(0, [{ start: 4, count: 46 }], 5);
    finish(1);
    expect(work.get(1)).toEqual([{ start: 24, count: 26 }]);
    leader.arrived(0, 1);
    expect(work.get(0)).toEqual([{ start: 4, count: 20 }]);
  });

  test("has answered meanwhile, and is not overdue", () => {
    const { leader, work, finish } = leaderOf({ total: 200, workers: 2 });
    for (const worker of [0, 1]) leader.arrived(worker, 1);
    finish(1);
    finish(0, [{ start: 60, count: 40 }]);
    leader.overdue(0);
    finish(1);
    expect(work.has(1)).toBe(false);
    expect(work.get(0)).toEqual([{ start: 60, count: 20 }]);
  });
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

describe("in virtual time", () => {
  test.each(Object.keys(costShapes) as (keyof typeof costShapes)[])(
    "five workers of unequal speed end together, with the costs: %s",
    (shape) => {
      const { efficiency, yields, doneBy } = simulateStealing({
        shape,
        speeds: [1, 1, 1, 0.75, 0.6],
        idealSeconds: 60,
      });
      // Equal shares reach 0.69.
      expect(efficiency).toBeGreaterThan(0.99);
      expect(yields).toBeLessThan(50);
      expect(doneBy.reduce((sum, count) => sum + count, 0)).toBe(10_000_000);
    },
  );

  test.each([1, 3_600])("two equal workers end together in a run of %d s, almost without a cut", (idealSeconds) => {
    const { efficiency, yields } = simulateStealing({ shape: "constant", speeds: [1, 1], idealSeconds });
    expect(efficiency).toBeGreaterThan(0.98);
    expect(yields).toBeLessThan(3);
  });
});
