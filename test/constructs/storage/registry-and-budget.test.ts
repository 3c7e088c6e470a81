import { Lazy } from "cdktf";
import { BudgetAlarm, budgetAlarmProblems } from "../../../constructs/storage/budget-alarm.ts";
import { ContainerRegistry } from "../../../constructs/storage/container-registry.ts";
import { resultsBucketProblems } from "../../../constructs/storage/results-bucket.ts";
import { synthesize } from "../../support/synthesized.ts";

test("a container registry deletes untagged layers after seven days, and the oldest images beyond 100", () => {
  const made = synthesize((stack) => {
    new ContainerRegistry(stack, "registry", { name: "test/ttg-worker" });
  });
  const { repository, policy } = made.one("aws_ecr_lifecycle_policy");
  expect(repository).toBe(`\${${made.address("aws_ecr_repository")}.name}`);
  expect(JSON.parse(policy)).toEqual({
    rules: [
      {
        rulePriority: 1,
        description: "Layers of interrupted pushes",
        selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 7 },
        action: { type: "expire" },
      },
      {
        rulePriority: 2,
        description: "Oldest images",
        selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 100 },
        action: { type: "expire" },
      },
    ],
  });
});

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

test("one image and one day are the least that can be kept", () => {
  const kept = (keepImages: number) =>
    synthesize((stack) => {
      new ContainerRegistry(stack, "registry", { name: "test", keepImages });
    }).one("aws_ecr_lifecycle_policy");
  expect(JSON.parse(kept(1).policy).rules[1].selection.countNumber).toBe(1);
  expect(() => kept(0)).toThrow("keepImages");
  expect(resultsBucketProblems({ expirationInDays: 1 })).toEqual([]);
  expect(resultsBucketProblems({ expirationInDays: 0 })).toMatchObject([{ path: ["expirationInDays"], got: "0" }]);
});
