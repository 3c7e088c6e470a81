import { setTimeout } from "node:timers/promises";
import type { Handler } from "hono";
import { proxy } from "hono/proxy";
import { ProblemError } from "./problems.ts";

/** More than the API takes for any answer. Only its headers must have arrived by then: events go on. */
const HEADERS_WITHIN_MS = 60_000;
/** A slow client has so much longer to send a body, which passes through here meanwhile. */
const BODY_WITHIN_MS = 120_000;
/** A replica that has just stopped is no longer among those that the name of the API leads to. */
const AGAIN_AFTER_MS = 200;

/** Sends requests on to the API, and its answers back, while they arrive. */
export function proxyTo(api: URL): Handler {
  return async ({ req }) => {
    const { pathname, search } = new URL(req.url);
    const target = new URL(pathname + search, api);
    const { signal } = req.raw;
    // Until the headers are there. From then on, the end of one connection is the end of the other.
    const giveUp = new AbortController();
    const stop = () => giveUp.abort();
    signal.addEventListener("abort", stop);
    const hasBody = req.method === "POST";
    const timer = globalThis.setTimeout(stop, HEADERS_WITHIN_MS + (hasBody ? BODY_WITHIN_MS : 0));
    try {
      return await proxy(target, {
        method: req.method,
        // Only a request that changes something has a body here.
        body: hasBody ? req.raw.body : null,
        headers: {
          ...req.header(),
          "X-Forwarded-Host": req.header("host"),
          // It would be that of this server.
          Host: undefined,
          // Node.js has answered it already, and cannot send it.
          Expect: undefined,
          Connection: undefined,
          "Proxy-Authorization": undefined,
          TE: undefined,
          Trailer: undefined,
          Upgrade: undefined,
        },
        // A browser follows a redirect to the bucket itself.
        redirect: "manual",
        signal: giveUp.signal,
        customFetch: (request) => fetchPatiently(request),
      });
    } catch (error) {
      const reason = giveUp.signal.aborted ? "it does not answer" : messageOf(error);
      const detail = `the API at ${api.origin} cannot be reached (${reason}): try again`;
      throw new ProblemError(502, detail, { cause: error });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  };
}

/** fetch tells the reason as the cause of its error. */
function messageOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause === undefined ? message : messageOf(cause);
}

/** A look at something can be repeated where the connection broke, for example because a replica has stopped. */
async function fetchPatiently(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (request.method === "POST" || request.signal.aborted) throw error;
    await setTimeout(AGAIN_AFTER_MS);
    return fetch(request);
  }
}
