import { setTimeout as sleep } from "node:timers/promises";
import { ToolError } from "../support/tool.ts";

/** A repository of GitHub, as far as comments and issues go. */
export interface Repository {
  /** @default "https://api.github.com" */
  readonly api?: string | undefined;
  /** `owner/name`. */
  readonly name: string;
  readonly token: string;
  /** Seconds before the first repetition; each next waits twice as long. @default 2 */
  readonly patience?: number;
}

export interface Post {
  readonly number?: number;
  readonly id: number;
  readonly body: string | null;
  readonly html_url: string;
  readonly user: { readonly login: string } | null;
  /** Set when an issue is a pull request. */
  readonly pull_request?: unknown;
}

const attempts = 4;
/** Longer than that a job does not wait for a rate limit. */
const longestWait = 120;

/** Asks again what may be asked again: everything but what is refused for good. */
class Refused extends Error {
  constructor(
    message: string,
    /** Seconds to wait first; undefined when asking again is of no use. */
    readonly retryAfter: number | undefined,
  ) {
    super(message);
  }
}

/**
 * Runs requests that together may be run again: they must look at what is there before they make anything.
 * @throws ToolError with what GitHub answered, and what to do.
 */
export async function withRetries<T>({ patience = 2 }: Repository, act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const wait =
        error.retryAfter === undefined ? undefined : Math.max(error.retryAfter, patience * 2 ** (attempt - 1));
      if (wait === undefined || wait > longestWait || attempt === attempts) {
        const tried = attempt === 1 ? "" : ` (${attempt} attempts)`;
        throw new ToolError(`${error.message}${tried}`);
      }
      process.stderr.write(`${error.message}; again in ${wait} s\n`);
      await sleep(wait * 1000);
    }
  }
}

/** One request; for use within {@link withRetries}. */
export async function request<T>(
  { api = "https://api.github.com", name, token }: Repository,
  method: "GET" | "POST" | "PATCH",
  path: string,
  body?: object,
): Promise<T> {
  const what = `${method} /repos/${name}${path.replace(/\?.*/, "")}`;
  let response: Response;
  try {
    response = await fetch(`${api}/repos/${name}${path}`, {
      method,
      headers: {
        Accept: "application/vnd.github+json",
        Authorization: `Bearer ${token}`,
        "X-GitHub-Api-Version": "2022-11-28",
      },
      signal: AbortSignal.timeout(30_000),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { message?: string; code?: string } };
    throw new Refused(`GitHub cannot be reached (${what}): ${cause?.message || cause?.code || message}`, 0);
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw refusal(what, response, text);
}

function refusal(what: string, { status, headers }: Response, text: string): Refused {
  const message = `GitHub answered ${status} to ${what}: ${messageIn(text)}`;
  const retryAfter = headers.get("retry-after");
  // https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
  if (retryAfter !== null) return new Refused(`${message}; a rate limit is reached`, Number(retryAfter));
  if (headers.get("x-ratelimit-remaining") === "0") {
    const reset = Number(headers.get("x-ratelimit-reset")) - Date.now() / 1000;
    return new Refused(`${message}; a rate limit is reached`, Math.max(1, Math.ceil(reset)));
  }
  if (status === 429 || (status === 403 && /secondary rate limit/i.test(text))) {
    return new Refused(`${message}; a rate limit is reached`, 60);
  }
  if (status >= 500) return new Refused(message, 0);
  const hints: Readonly<Record<number, string>> = {
    401: "; the token is wrong or has expired: set GITHUB_TOKEN",
    403: "; the token may not: the job needs `permissions: pull-requests: write`, or `issues: write` for an issue",
    404: "; there is no such repository, pull request or issue, or the token may not see it",
  };
  return new Refused(`${message}${hints[status] ?? ""}`, undefined);
}

function messageIn(text: string): string {
  try {
    return JSON.parse(text).message ?? text;
  } catch {
    return text.slice(0, 200);
  }
}

/** All pages of a list. */
export async function list(repository: Repository, path: string): Promise<Post[]> {
  const size = 100;
  const posts: Post[] = [];
  for (let page = 1; ; page += 1) {
    const separator = path.includes("?") ? "&" : "?";
    const found = await request<Post[]>(repository, "GET", `${path}${separator}per_page=${size}&page=${page}`);
    posts.push(...found);
    if (found.length < size) return posts;
  }
}
