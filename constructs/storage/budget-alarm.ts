import { BudgetsBudget } from "@cdktf/provider-aws/lib/budgets-budget";
import { Token } from "cdktf";
import { Construct } from "constructs";
import { z } from "zod";
import { list, number, type ShapeOf, text } from "../support/fields.ts";
import { type Problem, show, throwIfAny } from "../support/problems.ts";

/** Options of the budget alarm. An environment sets them as `budget`. */
export interface BudgetAlarmOptions {
  /** Budget of the account in US dollars a month: more than 0, for example 500. */
  readonly limitUsdPerMonth: number;
  /** Mail addresses that AWS notifies, from one to ten, for example `["team@example.com"]`. */
  readonly notifyEmails: readonly string[];
}

const allowedLimit = "more than 0 US dollars";
const allowedAddress = "a mail address (name@domain)";

/** Schema of the {@link BudgetAlarmOptions}. */
export const budgetAlarmOptionsSchema = z.strictObject({
  limitUsdPerMonth: number({ allowed: allowedLimit, example: 500 }),
  notifyEmails: list(text({ allowed: allowedAddress, example: "team@example.com" }), {
    allowed: "a list of mail addresses",
    example: ["team@example.com"],
  }),
} satisfies ShapeOf<BudgetAlarmOptions>);

/** The budget alarm, with its name. */
export interface BudgetAlarmProps extends BudgetAlarmOptions {
  /** Name of the budget, unique in the account. */
  readonly name: string;
}

/** Checks the options of a budget alarm; `path` starts with the option. Values known only after apply are left to AWS. */
export function budgetAlarmProblems({ limitUsdPerMonth: limit, notifyEmails }: BudgetAlarmOptions): Problem[] {
  const problems: Problem[] = [];
  if (!Token.isUnresolved(limit) && !(limit > 0)) {
    const fix = "use for example 500";
    problems.push({ path: ["limitUsdPerMonth"], allowed: allowedLimit, got: show(limit), fix });
  }
  if (Token.isUnresolved(notifyEmails)) return problems;
  const count = notifyEmails.length;
  if (count < 1 || count > 10) {
    const fix = count < 1 ? 'add for example "team@example.com"' : "use a mailing list";
    problems.push({ path: ["notifyEmails"], allowed: "a list of 1 to 10 addresses", got: `${count} addresses`, fix });
  }
  notifyEmails.forEach((email, index) => {
    if (Token.isUnresolved(email) || /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) return;
    const fix = 'use for example "team@example.com"';
    problems.push({ path: ["notifyEmails", index], allowed: allowedAddress, got: show(email), fix });
  });
  return problems;
}

/**
 * Sends mail when the account has spent 80 % of a month's budget, and when its forecast exceeds the budget. The budget covers the
 * whole account: for one environment AWS needs an activated cost allocation tag, and without it the budget would show zero for
 * ever. AWS updates costs a few times a day, so the alarm warns and stops nothing. It is free.
 */
export class BudgetAlarm extends Construct {
  /** The underlying `aws_budgets_budget`, for settings without an option here. */
  readonly resource: BudgetsBudget;

  /** @throws InvalidConfigurationError that names every problem that {@link budgetAlarmProblems} finds. */
  constructor(scope: Construct, id: string, props: BudgetAlarmProps) {
    super(scope, id);
    throwIfAny(`budget alarm ${show(props.name)}`, budgetAlarmProblems(props));
    const notification = (notificationType: "ACTUAL" | "FORECASTED", threshold: number) => ({
      comparisonOperator: "GREATER_THAN",
      thresholdType: "PERCENTAGE",
      threshold,
      notificationType,
      subscriberEmailAddresses: [...props.notifyEmails],
    });
    this.resource = new BudgetsBudget(this, "budget", {
      name: props.name,
      budgetType: "COST",
      timeUnit: "MONTHLY",
      limitAmount: String(props.limitUsdPerMonth),
      limitUnit: "USD",
      notification: [notification("ACTUAL", 80), notification("FORECASTED", 100)],
    });
  }
}
