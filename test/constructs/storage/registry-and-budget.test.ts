import { BudgetAlarm } from "../../../constructs/storage/budget-alarm.ts";
import { ContainerRegistry } from "../../../constructs/storage/container-registry.ts";
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
