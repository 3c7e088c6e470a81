import { BudgetsBudget } from "@cdktf/provider-aws/lib/budgets-budget";
import { Token } from "cdktf";
import { Construct } from "constructs";
import { z } from "zod";
import { list, number, type ShapeOf, text } from "../support/fields.ts";
import { type Problem, show, throwIfAny } from "../support/problems.ts";

/** Options of the budget alarm. An environment sets them as `budget`. */
export interface BudgetAlarmOptions {
  /** Budget of the account in US dollars a month, from a cent to a billion dollars, for example 500. */
  readonly limitUsdPerMonth: number;
  /** Mail addresses that AWS notifies, from one to ten, for example `["team@example.com"]`. */
  readonly notifyEmails: readonly string[];
}

/** AWS reads the amount as digits with a decimal point, and JavaScript writes larger and smaller numbers with an exponent. */
const mostUsd = 1_000_000_000;
const allowedLimit = "more than 0 US dollars, in whole cents, and at most 1,000,000,000";
const allowedAddress = "a mail address (name@domain)";
/** @see https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-best-practices.html */
const mostAddresses = 10;
/** @see https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1 */
const longestAddress = 254;
const longestLocalPart = 64;
const addressSchema = z.email();

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
  if (!Token.isUnresolved(limit) && !isAmount(limit)) {
    const fix = "use for example 500";
    problems.push({ path: ["limitUsdPerMonth"], allowed: allowedLimit, got: show(limit), fix });
  }
  if (Token.isUnresolved(notifyEmails)) return problems;
  const count = notifyEmails.length;
  if (count < 1 || count > mostAddresses) {
    const fix = count < 1 ? 'add for example "team@example.com"' : "use a mailing list";
    problems.push({ path: ["notifyEmails"], allowed: "a list of 1 to 10 addresses", got: `${count} addresses`, fix });
  }
  notifyEmails.forEach((email, index) => {
    if (Token.isUnresolved(email)) return;
    const problem = (allowed: string, fix: string) =>
      problems.push({ path: ["notifyEmails", index], allowed, got: show(email), fix });
    if (!isAddress(email)) problem(allowedAddress, 'use for example "team@example.com"');
    else if (notifyEmails.findIndex((other) => other.toLowerCase() === email.toLowerCase()) < index) {
      problem("different from the addresses before it", "remove one of the two");
    }
  });
  return problems;
}

function isAmount(limit: number): boolean {
  return limit >= 0.01 && limit <= mostUsd && Math.abs(limit * 100 - Math.round(limit * 100)) < 1e-4;
}

function isAddress(email: string): boolean {
  const isShort = email.length <= longestAddress && email.indexOf("@") <= longestLocalPart;
  return isShort && addressSchema.safeParse(email).success;
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
