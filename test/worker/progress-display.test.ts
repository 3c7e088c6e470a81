import { ProgressDisplay } from "../../worker/src/commands/progress-display.ts";

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
