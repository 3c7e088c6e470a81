import { formatCount } from "sweep-worker/contract";
import { type Problem, show } from "../support/problems.ts";

/** Figures far above those of the largest machines that EC2 has, so that a slip of the hand is found. */
const largest = {
  vCpus: 4096,
  memoryGiB: 65_536,
  networkInterfaces: 64,
  addressesPerInterface: 100,
  gpus: 64,
  // EC2 has no processors with more.
  threadsPerCore: 2,
} as const;

/** Checks that figures are no larger than a machine can be; `path` starts with the figure. */
export function largestFigureProblems(
  figures: { readonly [Figure in keyof typeof largest]?: number | undefined },
): Problem[] {
  return Object.entries(largest).flatMap(([figure, most]) => {
    const value = figures[figure as keyof typeof largest];
    if (value === undefined || !(value > most)) return [];
    const fix = "copy it from aws ec2 describe-instance-types";
    return [{ path: [figure], allowed: `at most ${formatCount(most)}`, got: show(value), fix }];
  });
}
