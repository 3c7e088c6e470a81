import { OpenAPIHono } from "@hono/zod-openapi";
import { methodNotAllowed } from "hono/method-not-allowed";
import { describeError } from "../contract/errors.ts";
import { describeProblem, oneOf } from "../contract/problems.ts";
import { accessLog, type ServiceLog } from "./access-log.ts";
import type { ServiceApp, ServiceEnv } from "./app.ts";
import { smallBodiesOnly } from "./bodies.ts";
import type { Drain } from "./drain.ts";
import { knownHostsOnly, ownChangesOnly, securityHeaders } from "./guards.ts";
import { noSuchPath, type PageFiles, pageHandler } from "./page-files.ts";
import { answerWith, problemOf } from "./problem-answers.ts";
import { ProblemError } from "./problems.ts";
import { proxyTo } from "./proxy.ts";
import { problemsOfRequest } from "./request-problems.ts";
import { addSweepRoutes, type SweepServices } from "./sweep-routes.ts";

/** What a server answers, beside its own health. */
export interface AppOptions {
  /** The API itself, or the address of the server that has it. */
  readonly api: SweepServices | URL;
  /** Absent if it has no page. */
  readonly page?: PageFiles | undefined;
  /** Host names of this server beside IP addresses, `localhost` and the names inside a cluster. */
  readonly hosts?: readonly string[];
  /** Whether it can do its work. @throws ProblemError if not. */
  readonly checkReady: () => Promise<void>;
  readonly drain: Drain;
  readonly log: ServiceLog;
}

/** The application of `sweep serve`: the API or a proxy to it, the page, `/health` and `/ready`. */
export function createApp({ api, page, hosts = [], checkReady, drain, log }: AppOptions): ServiceApp {
  const app: ServiceApp = new OpenAPIHono<ServiceEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      const problems = problemsOfRequest((result as { readonly data?: unknown }).data, result.error.issues);
      throw new ProblemError(400, problems.map(describeProblem).join("\n"), { problems, cause: result.error });
    },
  });
  app.use(accessLog(log));
  app.use(securityHeaders());
  app.use(async (context, next) => {
    await next();
    // A connection that stays would send its next request to a server that has gone.
    if (drain.isBegun) context.header("Connection", "close");
  });
  app.get("/health", (context) => context.json({ status: "up" }));
  app.get("/ready", async (context) => {
    if (drain.isBegun) throw new ProblemError(503, "this server is stopping", { retryAfterSeconds: 1 });
    await checkReady();
    return context.json({ status: "ready" });
  });
  app.use(knownHostsOnly(hosts));
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: ({ req }, methods) => {
        const detail = `the method of ${req.path} must be ${oneOf(methods)}, got ${req.method}: use one of these`;
        return answerWith(new ProblemError(405, detail), { Allow: methods.join(", ") });
      },
    }),
  );
  app.use("/api/*", ownChangesOnly(), smallBodiesOnly());
  app.use("/api/*", async (context, next) => {
    await next();
    context.header("Cache-Control", "no-store");
  });
  if (api instanceof URL) app.on(["GET", "POST"], "/api/*", proxyTo(api));
  else addSweepRoutes(app, api, drain);
  if (page !== undefined) for (const path of page.keys()) app.get(path, pageHandler(page));
  app.notFound((context) => answerWith(noSuchPath(context.req.path)));
  app.onError((error, { req }) => {
    const problem = problemOf(error);
    if (problem !== undefined) return answerWith(problem);
    log.error({ method: req.method, path: req.path, error: describeError(error), stack: error.stack }, "a bug");
    return answerWith(new ProblemError(500, "this is a bug of the server, whose log has the reason: report it"));
  });
  return app;
}
