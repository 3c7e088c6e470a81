import { union } from "../../worker/src/parameters/ranges.ts";
import { leaderOf } from "../support/leader.ts";

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
