import type { ProblemAnswer } from "../src/api/submission.ts";

/** An answer that is no success, or no answer at all (status 0). */
export class RequestError extends Error {
  readonly problem: ProblemAnswer;

  constructor(problem: ProblemAnswer) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** @throws RequestError, or the abort's own error. */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return await request<T>(path, signal === undefined ? {} : { signal });
}

/** @throws RequestError */
export async function post<T>(path: string, body: unknown): Promise<T> {
  return await request<T>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Path of a sweep's part. Paths are relative, so that the page works below any path of a proxy. */
export function sweepPath(name: string, part = ""): string {
  // A name has colons, which a path may have.
  return `api/sweeps/${encodeURIComponent(name).replaceAll("%3A", ":")}${part}`;
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new RequestError(problemOf(0, "No connection", "The server does not answer."));
  }
  const answer = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) return answer as T;
  // A load balancer or a proxy answers in its own words.
  const isProblem = typeof answer?.detail === "string";
  throw new RequestError(
    isProblem ? answer : problemOf(response.status, response.statusText, describeStatus(response.status)),
  );
}

function problemOf(status: number, title: string, detail: string): ProblemAnswer {
  return { type: "about:blank", status, title, detail };
}

function describeStatus(status: number): string {
  if (status === 401) return "Your login has ended. Reload the page to log in again.";
  return `The server answered with status ${status} and no explanation.`;
}
