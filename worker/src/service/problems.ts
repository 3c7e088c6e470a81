import { describeProblem, type Problem } from "../contract/problems.ts";

/** What an answer has beside its status and its sentence. */
export interface ProblemOptions extends ErrorOptions {
  /** The values that are wrong. */
  readonly problems?: readonly Problem[];
  /** Seconds after which the same request may succeed: the header Retry-After. */
  readonly retryAfterSeconds?: number;
}

/** An error that becomes an answer of the API with this status. Its message is the whole explanation. */
export class ProblemError extends Error {
  override readonly name: string = "ProblemError";
  readonly status: number;
  readonly problems: readonly Problem[];
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, detail: string, { problems = [], retryAfterSeconds, cause }: ProblemOptions = {}) {
    super(detail, { cause });
    this.status = status;
    this.problems = problems;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get detail(): string {
    return this.message;
  }
}

/** Nobody is logged in, or the proof of it is wrong. */
export class UnauthorizedError extends ProblemError {
  override readonly name = "UnauthorizedError";
  constructor(detail: string, options?: ErrorOptions) {
    super(401, detail, options);
  }
}

/** @throws ProblemError 400 that names each value. */
export function refuseIfWrong(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ProblemError(400, problems.map(describeProblem).join("\n"), { problems });
}
