import { countNoun, describeSeconds, formatCount } from "sweep-worker/contract";
import { allOf, countAre } from "../../worker/src/contract/format.ts";

test.each([
  [0, "0 s"],
  [1.4e-7, "140 ns"],
  [1.79e-6, "1,790 ns"],
  [0.000_123_4, "0.123 ms"],
  [0.5, "500 ms"],
  [3.254, "3.25 s"],
  [45, "45 s"],
  [59.94, "59.9 s"],
  [59.96, "1 min"],
  [60, "1 min"],
  [199.2, "3 min 20 s"],
  [18_720, "5 h 12 min"],
  [273_600, "3 d 4 h"],
  [86_400, "1 d"],
])("%d seconds are written as %s", (seconds, text) => {
  expect(describeSeconds(seconds)).toBe(text);
});

test("counts have a comma after every three digits", () => {
  expect([999, 1000, 10_000_000].map(formatCount)).toEqual(["999", "1,000", "10,000,000"]);
});

test("one of something is no plural", () => {
  expect([0, 1, 2000].map((count) => countNoun(count, "worker"))).toEqual(["0 workers", "1 worker", "2,000 workers"]);
  expect([0, 1, 2].map((count) => countAre(count, "row"))).toEqual(["0 rows are", "1 row is", "2 rows are"]);
  expect([1, 2].map((count) => allOf(count, "parameter"))).toEqual(["the only parameter", "all 2 parameters"]);
});
