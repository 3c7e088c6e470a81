import { oneOf, type Problem, show } from "./problems.ts";

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentionDays: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** A retention, in error texts about its type. {@link retentionProblems} lists the numbers. */
export const allowedRetention = "a number of days that CloudWatch Logs allows";

/** Checks a number of days: CloudWatch Logs allows only certain ones. */
export function retentionProblems(days: number | undefined): Problem[] {
  if (days === undefined || retentionDays.includes(days)) return [];
  const longer = retentionDays.find((retention) => retention >= days) ?? retentionDays.at(-1);
  const allowed = `${oneOf(retentionDays.map(String))} days`;
  return [{ path: [], allowed, got: show(days), fix: `CloudWatch Logs allows only these, so use ${longer}` }];
}
