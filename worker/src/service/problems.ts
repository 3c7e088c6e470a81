import { STATUS_CODES } from "node:http";
import type { ProblemAnswer } from "../api/submission.ts";
import { RefusedError, SweepError, TemporaryError } from "../contract/errors.ts";
import { describeProblem, type Problem, showPath } from "../contract/problems.ts";

/** A store or a queue that is away is usually back by then. */
const RETRY_AFTER_SECONDS = 5;

/** What an answer has beside its status and its sentence. */
export interface ProblemErrorOptions extends ErrorOptions {
  /** One for each value that is wrong. @default none */
  readonly problems?: readonly Problem[];
  /** Value of the header Retry-After. @default none */
  readonly retryAfterSeconds?: number;
}

/** An error with which the API answers, as application/problem+json. @see https://www.rfc-editor.org/rfc/rfc9457 */
export class ProblemError extends Error {
  override readonly name: string = "ProblemError";
  readonly status: number;
  /** One sentence: what is wrong, and what to do. */
  readonly detail: string;
  readonly problems: readonly Problem[];
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, detail: string, { problems = [], retryAfterSeconds, cause }: ProblemErrorOptions = {}) {
    super(detail, { cause });
    this.status = status;
    this.detail = detail;
    this.problems = problems;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** The body of the answer. */
  get answer(): ProblemAnswer {
    const problems = this.problems.map((problem) => ({ ...problem, path: showPath(problem.path) }));
    return {
      type: "about:blank",
      status: this.status,
      title: STATUS_CODES[this.status] ?? "Error",
      detail: this.detail,
      ...(problems.length > 0 && { problems }),
    };
  }
}

/** Nobody has logged in, or the proof of the login is wrong. */
export class UnauthorizedError extends ProblemError {
  override readonly name = "UnauthorizedError";
  constructor(detail: string, options?: ErrorOptions) {
    super(401, detail, options);
  }
}

/** @throws ProblemError with the status 400 that has all problems, unless there are none. */
export function refuseIfWrong(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ProblemError(400, problems.map(describeProblem).join("\n"), { problems });
}

/**
 * The answer for an error of the engine. A store or a queue that is away is 503, and one that refuses this server is 502, since the
 * request is not to blame for either; anything else that the engine says about a sweep is 409.
 *
 * @throws the error itself if it is a bug.
 */
export function problemErrorOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (!(error instanceof SweepError)) throw error;
  if (error instanceof TemporaryError) {
    return new ProblemError(503, error.message, { cause: error, retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
  return new ProblemError(error instanceof RefusedError ? 502 : 409, error.message, { cause: error });
}
