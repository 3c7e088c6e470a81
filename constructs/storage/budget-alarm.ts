import { BudgetsBudget } from "@cdktf/provider-aws/lib/budgets-budget";
import { Construct } from "constructs";

export interface BudgetAlarmProps {
  readonly name: string;
  /** US dollars a month. */
  readonly limitUsdPerMonth: number;
  /** Who is told, one to ten addresses. */
  readonly notifyEmails: readonly string[];
}

/**
 * Mail when the account has spent 80 % of a month's budget, or is about to spend all of it. It counts the whole account:
 * counting this environment alone needs a cost allocation tag that somebody activated, and without it the budget would
 * show zero for ever. AWS updates costs a few times a day, so it warns and does not stop anything. Free.
 */
export class BudgetAlarm extends Construct {
  constructor(scope: Construct, id: string, props: BudgetAlarmProps) {
    super(scope, id);
    const notification = (notificationType: "ACTUAL" | "FORECASTED", threshold: number) => ({
      comparisonOperator: "GREATER_THAN",
      thresholdType: "PERCENTAGE",
      threshold,
      notificationType,
      subscriberEmailAddresses: [...props.notifyEmails],
    });
    new BudgetsBudget(this, "budget", {
      name: props.name,
      budgetType: "COST",
      timeUnit: "MONTHLY",
      limitAmount: String(props.limitUsdPerMonth),
      limitUnit: "USD",
      notification: [notification("ACTUAL", 80), notification("FORECASTED", 100)],
    });
  }
}
