import { HTTPException } from "hono/http-exception";
import { NotFoundError } from "../monitoring/index.ts";
import { ProblemError, problemErrorOf } from "./problems.ts";

/** The error with which a request is answered, whatever was thrown. Undefined for a bug of this program. */
export function problemOf(error: unknown): ProblemError | undefined {
  if (error instanceof NotFoundError) return new ProblemError(404, error.message, { cause: error });
  if (error instanceof HTTPException) return problemOfParser(error);
  try {
    return problemErrorOf(error);
  } catch {
    return undefined;
  }
}

/** The parser of bodies has errors of its own. */
function problemOfParser(error: HTTPException): ProblemError {
  const detail =
    error.status === 400
      ? "the body must be JSON, got something else: send what the document describes"
      : error.message;
  return new ProblemError(error.status, detail, { cause: error });
}

/** The whole answer. @see https://www.rfc-editor.org/rfc/rfc9457 */
export function answerWith(problem: ProblemError, headers: Readonly<Record<string, string>> = {}): Response {
  const { status, answer, retryAfterSeconds } = problem;
  return new Response(JSON.stringify(answer), {
    status,
    headers: {
      ...headers,
      "Content-Type": "application/problem+json",
      ...(retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) }),
    },
  });
}
