import { retentionProblems } from "../../../constructs/support/log-retention.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";

describe("the retention of logs", () => {
  test.each([undefined, 1, 30, 3653])("may be %s", (days) => {
    expect(retentionProblems(days)).toEqual([]);
  });

  test.each([
    [0, 1],
    [31, 60],
    [3652, 3653],
    [5000, 3653],
  ])("may not be %i days, and %i is proposed: the next longer one, or else the longest", (days, proposed) => {
    expect(retentionProblems(days).map(describeProblem)).toEqual([
      `the value must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days, got ${days}: CloudWatch Logs allows only these, so use ${proposed}`,
    ]);
  });
});
