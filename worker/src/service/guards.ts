import { isIP } from "node:net";
import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { secureHeaders } from "hono/secure-headers";
import { show } from "../contract/problems.ts";
import { ProblemError } from "./problems.ts";

/**
 * Refuses requests for other hosts. A page of another site can make its own name lead to this machine (DNS rebinding), and would then be
 * of the same origin as this server. It needs a public name for that: an IP address, `localhost` and the names inside a cluster are none.
 *
 * @param names further host names, such as that of a load balancer.
 */
export function knownHostsOnly(names: readonly string[]): MiddlewareHandler {
  const known = new Set(names.map((name) => name.toLowerCase()));
  return async (context, next) => {
    const host = hostOf(context.req.header("host"));
    if (!isInside(host) && !known.has(host)) {
      const allowed = ["127.0.0.1", "localhost", ...known].join(" or ");
      const fix = "use the address that this server has printed, or start it with --allow-host";
      throw new ProblemError(421, `the host must be ${allowed}, got ${show(host)}: ${fix}`);
    }
    await next();
  };
}

/** The name in a Host header, without its port. */
function hostOf(header = ""): string {
  return header
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
}

function isInside(host: string): boolean {
  return isIP(host) !== 0 || /^[a-z0-9-]+$/.test(host) || /\.(localhost|svc|cluster\.local)$/.test(host);
}

/**
 * Refuses changes that another site has made a browser send (CSRF). A browser asks before it sends JSON to another origin, and this
 * server answers no such question.
 */
export function ownChangesOnly(): MiddlewareHandler {
  return async (context, next) => {
    // Where nothing takes a POST, the answer is 404 or 405.
    const isChange = context.req.method === "POST" && matchedRoutes(context).some(({ method }) => method === "POST");
    if (!isChange) return next();
    const site = context.req.header("sec-fetch-site") ?? "none";
    const origin = context.req.header("origin");
    // A proxy of ours tells the host that the browser has asked for. A browser lets no page of another site set this header.
    const host = context.req.header("x-forwarded-host") ?? context.req.header("host");
    if ((origin !== undefined && hostIn(origin) !== host) || !["none", "same-origin"].includes(site)) {
      const detail = `a change must come from the page of this server, got one from ${show(origin ?? site)}: open that page`;
      throw new ProblemError(403, detail);
    }
    const type = context.req.header("content-type");
    if (!/^application\/json *(;|$)/i.test(type ?? "")) {
      const fix = "send the body as JSON";
      throw new ProblemError(415, `Content-Type must be application/json, got ${show(type)}: ${fix}`);
    }
    await next();
  };
}

function hostIn(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** The headers of every answer: the page loads nothing from elsewhere, no other site frames it, and browsers guess no type. */
export function securityHeaders(): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'self'"],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: "DENY",
    // Browsers heed it over HTTPS only. It says nothing about other hosts of the domain, which are not ours.
    strictTransportSecurity: "max-age=15552000",
  });
}
