import { Lazy } from "cdktf";
import { BudgetAlarm, budgetAlarmProblems } from "../../../constructs/storage/budget-alarm.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

test("a budget alarm writes to everybody when more than 80 % is spent or more than 100 % is forecast", () => {
  const notifyEmails = ["team@example.com", "finance@example.com"];
  const made = synthesize((stack) => {
    new BudgetAlarm(stack, "budget", { name: "test", limitUsdPerMonth: 12.5, notifyEmails });
  });
  const alarm = { comparison_operator: "GREATER_THAN", threshold_type: "PERCENTAGE" };
  expect(made.one("aws_budgets_budget")).toEqual({
    name: "test",
    budget_type: "COST",
    time_unit: "MONTHLY",
    limit_amount: "12.5",
    limit_unit: "USD",
    notification: [
      { ...alarm, threshold: 80, notification_type: "ACTUAL", subscriber_email_addresses: notifyEmails },
      { ...alarm, threshold: 100, notification_type: "FORECASTED", subscriber_email_addresses: notifyEmails },
    ],
  });
});

test("a budget alarm refuses a limit of nothing, no address, and an address that is none", () => {
  const made = (limitUsdPerMonth: number, notifyEmails: string[]) => () =>
    synthesize((stack) => {
      new BudgetAlarm(stack, "budget", { name: "test", limitUsdPerMonth, notifyEmails });
    });
  expect(messageOf(made(0, []))).toBe(
    [
      'budget alarm "test" has 2 problems:',
      "  - limitUsdPerMonth must be more than 0 US dollars, in whole cents, and at most 1,000,000,000, got 0: use for example 500",
      '  - notifyEmails must be a list of 1 to 10 addresses, got 0 addresses: add for example "team@example.com"',
    ].join("\n"),
  );
  expect(
    messageOf(
      made(
        500,
        Array.from({ length: 11 }, (_, index) => `team-${index}@example.com`),
      ),
    ),
  ).toBe(
    'budget alarm "test" has 1 problem:\n  - notifyEmails must be a list of 1 to 10 addresses, got 11 addresses: use a mailing list',
  );
  expect(
    made(
      500,
      Array.from({ length: 10 }, (_, index) => `team-${index}@example.com`),
    ),
  ).not.toThrow();
  expect(messageOf(made(500, ["team"]))).toBe(
    'budget alarm "test" has 1 problem:\n  - notifyEmails[0] must be a mail address (name@domain), got "team": use for example "team@example.com"',
  );
});

test.each([
  "a team@example.com",
  "team@example.com and others",
  "team@example",
  "team.example.com",
  "two@signs@example.com",
])("a budget alarm does not write to %j", (address) => {
  expect(budgetAlarmProblems({ limitUsdPerMonth: 1, notifyEmails: [address] })).toMatchObject([
    { path: ["notifyEmails", 0], got: JSON.stringify(address) },
  ]);
});

test("a budget alarm leaves values that are known after apply to AWS, and checks the others", () => {
  const notifyEmails = Lazy.listValue({ produce: () => [] });
  expect(budgetAlarmProblems({ limitUsdPerMonth: 0, notifyEmails })).toMatchObject([{ path: ["limitUsdPerMonth"] }]);
  const limitUsdPerMonth = Lazy.numberValue({ produce: () => 0 });
  expect(budgetAlarmProblems({ limitUsdPerMonth, notifyEmails: ["nobody"] })).toMatchObject([
    { path: ["notifyEmails", 0] },
  ]);
});
