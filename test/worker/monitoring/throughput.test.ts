import { array, assert, integer, property, record } from "fast-check";
import { Throughput } from "../../../worker/src/monitoring/throughput.ts";

test("all commits are in the steps of their times, in any order, in at most 512 steps", () => {
  const commit = record({
    at: integer({ min: 1_600_000_000, max: 1_700_000_000 }),
    count: integer({ min: 1, max: 9 }),
  });
  const near = record({ at: integer({ min: 1_600_000_000, max: 1_600_001_000 }), count: integer({ min: 1, max: 9 }) });
  const all = property(array(commit, { maxLength: 20 }), array(near, { minLength: 1, maxLength: 50 }), (far, some) => {
    const throughput = new Throughput();
    const commits = [...some, ...far];
    for (const { at, count } of commits) throughput.add(at * 1000, count);
    const { start, stepSeconds, parameters } = throughput.result();
    const first = Date.parse(start ?? "") / 1000;
    expect(parameters.length).toBeLessThanOrEqual(512);
    const expected = parameters.map((_, step) =>
      commits.reduce((sum, { at, count }) => sum + (Math.floor((at - first) / stepSeconds) === step ? count : 0), 0),
    );
    expect(parameters).toEqual(expected);
    expect([parameters[0] === 0, parameters.at(-1) === 0]).toEqual([false, false]);
    // Half the steps would not do.
    const seconds = Math.max(...commits.map(({ at }) => at)) - Math.min(...commits.map(({ at }) => at));
    if (stepSeconds > 1) expect(seconds / (stepSeconds / 2)).toBeGreaterThan(509);
  });
  assert(all, { numRuns: 200 });
});

test("nothing is committed", () => {
  expect(new Throughput().result()).toEqual({ start: null, stepSeconds: 1, parameters: [] });
});

test("the busy time has no pauses", () => {
  const throughput = new Throughput();
  for (let second = 0; second <= 100; second += 10) throughput.add(second * 1000, 1);
  for (let second = 3_700; second <= 3_800; second += 10) throughput.add(second * 1000, 1);
  // Steps of eight seconds: the ends of both parts count as whole steps.
  expect(throughput.busySeconds(120_000)).toBeGreaterThanOrEqual(200);
  expect(throughput.busySeconds(120_000)).toBeLessThanOrEqual(216);
  expect(throughput.busySeconds(10_000_000)).toBeGreaterThan(3_700);
});
