import { timeout } from "hono/timeout";
import type { Workers } from "../api/sweeps.ts";
import type { Monitor } from "../monitoring/index.ts";
import type { ServiceApp } from "./app.ts";
import { readBodies } from "./bodies.ts";
import { documentOf } from "./document.ts";
import { downloadHandler } from "./download.ts";
import type { Drain } from "./drain.ts";
import { eventsOf } from "./events.ts";
import type { Login } from "./login.ts";
import { ProblemError } from "./problems.ts";
import * as routes from "./routes.ts";
import type { Submissions } from "./submissions.ts";

/** A load balancer waits for an answer for a minute. */
const ANSWER_WITHIN_MS = 50_000;

/** What the API is made of. */
export interface SweepServices {
  readonly monitor: Pick<Monitor, "list" | "sweep" | "heatMap" | "failures" | "column" | "watch" | "download" | "url">;
  readonly submissions: Pick<Submissions, "environment" | "submit" | "cancel" | "resume">;
  readonly login: Pick<Login, "userOf">;
  readonly workers: (name: string) => Promise<Workers>;
}

/** Adds the API to an application. */
export function addSweepRoutes(app: ServiceApp, services: SweepServices, drain: Drain): void {
  const { monitor, submissions, login, workers } = services;
  app.use("/api/*", async (context, next) => {
    context.set("user", await login.userOf(context.req.raw.headers));
    await next();
  });
  app.use("/api/*", readBodies());
  app.use(
    "/api/*",
    timeout(ANSWER_WITHIN_MS, () => {
      const detail = "the place of the results does not answer in time: try again";
      // The middleware throws it like its own exception.
      return new ProblemError(503, detail, { retryAfterSeconds: 10 }) as never;
    }),
  );

  app.get("/api/openapi.json", (context) => context.json(documentOf(app)));
  app.openapi(routes.environmentRoute, (context) => context.json(submissions.environment(context.get("user")), 200));

  app.openapi(routes.listRoute, async (context) => {
    const { after, limit } = context.req.valid("query");
    return context.json(await monitor.list({ after, limit }), 200);
  });
  app.openapi(routes.submitRoute, async (context) => {
    const submitted = await submissions.submit(context.req.valid("json"), context.get("user"));
    if (!submitted.isNew) return context.json(submitted, 200);
    return context.json(submitted, 201, { Location: `/api/sweeps/${submitted.name}` });
  });
  app.openapi(routes.sweepRoute, async (context) => {
    return context.json(await monitor.sweep(context.req.valid("param").name), 200);
  });
  app.openapi(routes.eventsRoute, async (context) => {
    const { name } = context.req.valid("param");
    const headers = { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };
    if (context.req.method === "HEAD") {
      await monitor.sweep(name);
      return context.body(null, 200, headers);
    }
    const body = await eventsOf((onSweep, onError) => monitor.watch(name, onSweep, onError), {
      lastEventId: context.req.valid("header")["last-event-id"],
      closing: drain.closing,
      onStalled: () => context.env.outgoing?.destroy(),
    });
    return context.body(body, 200, headers);
  });
  app.openapi(routes.blocksRoute, async (context) => {
    const { cells } = context.req.valid("query");
    return context.json(await monitor.heatMap(context.req.valid("param").name, cells), 200);
  });
  app.openapi(routes.failuresRoute, async (context) => {
    const { after, limit } = context.req.valid("query");
    return context.json(await monitor.failures(context.req.valid("param").name, after, limit), 200);
  });
  app.openapi(routes.columnRoute, async (context) => {
    const { name, column } = context.req.valid("param");
    const { from = 0, count } = context.req.valid("query");
    const range =
      count === undefined && from === 0 ? undefined : { start: from, count: count ?? Number.MAX_SAFE_INTEGER - from };
    return context.json(await monitor.column(name, column, range), 200);
  });
  app.openapi(routes.workersRoute, async (context) => {
    return context.json(await workers(context.req.valid("param").name), 200);
  });
  app.openapi(routes.receiptRoute, downloadHandler(monitor, "receipt.json"));
  app.openapi(routes.parquetRoute, downloadHandler(monitor, "results.parquet"));

  app.openapi(routes.cancelRoute, async (context) => {
    const { reason } = context.req.valid("json");
    await submissions.cancel(context.req.valid("param").name, reason, context.get("user"));
    return context.body(null, 204);
  });
  app.openapi(routes.resumeRoute, async (context) => {
    const { executors } = context.req.valid("json");
    const resumed = await submissions.resume(context.req.valid("param").name, executors, context.get("user"));
    return context.json(resumed, 200);
  });
}
