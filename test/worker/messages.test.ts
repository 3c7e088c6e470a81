import { parseMessage, rangeMessage } from "../../worker/src/queue/messages.ts";

const range = { format: "sweep-range/1", run: "collatz-1a2b3c4d", start: 0, count: 25_000 };

test.each([
  range,
  { ...range, tries: 3, deaths: 1 },
  { ...range, start: Number.MAX_SAFE_INTEGER - 1, count: 1 },
  { format: "sweep-close/1", run: "a" },
  { format: "sweep-close/1", run: "a", tries: 1 },
])("%j is a message", (message) => {
  expect(parseMessage(JSON.stringify(message))).toEqual(message);
});

test.each([
  ["no JSON", "25,000"],
  ["no object", "[]"],
  ["a later version", JSON.stringify({ ...range, format: "sweep-range/2" })],
  ["a field of a later version", JSON.stringify({ ...range, priority: 1 })],
  ["a path", JSON.stringify({ ...range, run: "../other" })],
  ["a hidden folder", JSON.stringify({ ...range, run: ".." })],
  ["a long name", JSON.stringify({ ...range, run: "a".repeat(101) })],
  ["no parameter", JSON.stringify({ ...range, count: 0 })],
  ["a negative start", JSON.stringify({ ...range, start: -1 })],
  ["half a parameter", JSON.stringify({ ...range, start: 0.5 })],
  ["an end beyond all numbers", JSON.stringify({ ...range, start: Number.MAX_SAFE_INTEGER - 1, count: 2 })],
  ["a death of nothing to compute", JSON.stringify({ format: "sweep-close/1", run: "a", deaths: 1 })],
  ["no number of tries", JSON.stringify({ ...range, tries: 0 })],
  ["a range to close", JSON.stringify({ format: "sweep-close/1", run: "a", start: 0, count: 1 })],
])("%s is none", (_, text) => {
  expect(parseMessage(text)).toBeUndefined();
});

test("a message of a range has nothing else of it", () => {
  expect(rangeMessage("run", { start: 1, count: 2, ...{ checksum: "0" } })).toEqual({
    format: "sweep-range/1",
    run: "run",
    start: 1,
    count: 2,
  });
});
