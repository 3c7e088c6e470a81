import { oneOf, type Problem, show } from "./problems.ts";

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentionDays: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** What is wrong with a number of days: CloudWatch Logs takes only certain ones. */
export function retentionProblems(days: number | undefined): Problem[] {
  if (days === undefined || retentionDays.includes(days)) return [];
  const longer = retentionDays.find((retention) => retention >= days) ?? retentionDays.at(-1);
  const allowed = oneOf(retentionDays.map(String));
  return [{ path: [], what: "is not a retention of CloudWatch Logs", got: show(days), allowed, fix: `use ${longer}` }];
}
