import { describeProblem, type Problem } from "sweep-worker/contract";

export { describeProblem, duplicatesIn, oneOf, type Problem, show, within } from "sweep-worker/contract";

/** Thrown once for all problems of one subject, so that a user can repair everything at once. */
export class InvalidConfigurationError extends Error {
  override readonly name = "InvalidConfigurationError";

  /** @param subject Name of the invalid object, for example `node pool "executor"`. */
  constructor(
    subject: string,
    readonly problems: readonly Problem[],
  ) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`${subject} has ${count}:\n${problems.map((problem) => `  - ${describeProblem(problem)}`).join("\n")}`);
  }
}

/** @throws InvalidConfigurationError when there is at least one problem. */
export function throwIfAny(subject: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw new InvalidConfigurationError(subject, problems);
}
