import { stripVTControlCharacters } from "node:util";
import { barOf, ProgressDisplay } from "../../worker/src/commands/progress-display.ts";

test("the rate is never negative, even after a worker has lost parameters that it had done", () => {
  jest.useFakeTimers();
  const lines: string[] = [];
  const write = jest.spyOn(process.stderr, "write").mockImplementation((line) => lines.push(String(line)) > 0);
  const display = new ProgressDisplay(100);
  for (const computed of [50, 30, 30]) {
    display.update({ totalParameters: 100, done: computed, computed, failed: 0 });
    jest.advanceTimersByTime(10_000);
  }
  write.mockRestore();
  jest.useRealTimers();
  expect(lines).toEqual([" 30 %  30 of 100  0/s  unknown time left\n", " 30 %  30 of 100  0/s  unknown time left\n"]);
});

describe("on a terminal", () => {
  const own = { isTTY: process.stderr.isTTY, columns: process.stderr.columns };
  const variables = { ...process.env };
  const written: string[] = [];
  const write = (text: unknown) => written.push(String(text)) > 0;

  beforeEach(() => {
    jest.useFakeTimers();
    written.length = 0;
    jest.spyOn(process.stderr, "write").mockImplementation(write);
    process.env = { ...variables, TERM: "xterm", CI: "" };
    Object.assign(process.stderr, { isTTY: true, columns: 60 });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
    process.env = variables;
    Object.assign(process.stderr, own);
  });

  const drawn = () => written.map(stripVTControlCharacters).filter((text) => text.includes("left"));

  test("a line above the bar is never cut, and the bar is drawn again below it", () => {
    const display = new ProgressDisplay(100);
    const line = "a long remark of an evaluation ".repeat(10);
    display.print(line);
    expect(written.join("")).toContain(`${line}\n`);
    // DECAWM off: the terminal would cut each line at its last column.
    expect(written.join("")).not.toContain("\u001b[?7l");
    const before = drawn().length;
    display.print("another one");
    expect(drawn().length).toBe(before + 1);
    display.end();
  });

  test("the bar follows the width of the terminal, and never fills the last column", () => {
    const display = new ProgressDisplay(10_000_000);
    display.update({ totalParameters: 10_000_000, done: 1_234_567, computed: 1_234_567, failed: 1_234 });
    for (const columns of [60, 80, 200, 70]) {
      Object.assign(process.stderr, { columns });
      jest.advanceTimersByTime(200);
      expect(drawn().at(-1)?.length).toBeLessThan(columns);
      expect(drawn().at(-1)).toContain("0/s  unknown time left");
    }
    display.end();
  });

  test.each([{ TERM: "dumb" }, { CI: "true" }])(
    "that cannot redraw (%j) gets lines without control characters",
    (env) => {
      Object.assign(process.env, env);
      const display = new ProgressDisplay(100);
      display.print("a remark");
      for (const computed of [10, 20]) {
        jest.advanceTimersByTime(10_000);
        display.update({ totalParameters: 100, done: computed, computed, failed: 0 });
      }
      display.end();
      expect(written).toEqual([
        "a remark\n",
        " 10 %  10 of 100  0/s  unknown time left\n",
        " 20 %  20 of 100  1/s  1 min 20 s left\n",
      ]);
    },
  );

  test("the end of the process gives the cursor back", () => {
    const display = new ProgressDisplay(100);
    const [listener] = process.listeners("exit").slice(-1);
    (listener as () => void)();
    expect(written.join("")).toContain("\u001b[?25h");
    display.end();
    expect(process.listeners("exit")).not.toContain(listener);
  });
});

describe("the bar shrinks first, then the counts go; rate and time left stay", () => {
  const texts = {
    fraction: 0.5,
    percent: " 50 %",
    counts: "5,000,000 of 10,000,000",
    rate: "123,456/s",
    left: "3 min 20 s left",
    failed: "1,234 failed",
  };
  test.each([
    [
      199,
      ` ${"█".repeat(15)}${"░".repeat(15)}  50 %  5,000,000 of 10,000,000  123,456/s  3 min 20 s left  1,234 failed`,
    ],
    [84, ` ${"█".repeat(5)}${"░".repeat(5)}  50 %  5,000,000 of 10,000,000  123,456/s  3 min 20 s left  1,234 failed`],
    [78, " 50 %  5,000,000 of 10,000,000  123,456/s  3 min 20 s left  1,234 failed"],
    [59, " 50 %  123,456/s  3 min 20 s left  1,234 failed"],
    [30, " 50 %  123,456/s  3 min 20 s l"],
  ])("at %d columns", (width, line) => {
    expect(barOf(texts, width)).toBe(line);
  });
  test("at 60 columns a usual run keeps a bar and all numbers", () => {
    const usual = { ...texts, counts: "5,000 of 10,000", left: "5 s left", failed: "" };
    expect(barOf(usual, 59)).toBe(` ${"█".repeat(7)}${"░".repeat(7)}  50 %  5,000 of 10,000  123,456/s  5 s left`);
  });
});
