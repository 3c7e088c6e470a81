import type { MiddlewareHandler } from "hono";

/** The part of a pino logger that a server writes to. */
export interface ServiceLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** One line for each request when its answer begins. Those of probes and of the page's files are for debugging only. */
export function accessLog(log: ServiceLog): MiddlewareHandler {
  return async (context, next) => {
    const start = performance.now();
    await next();
    const { method, path } = context.req;
    const milliseconds = Math.round(performance.now() - start);
    const fields = { method, path, status: context.res.status, milliseconds, user: context.get("user") };
    const level = context.res.status >= 500 ? "warn" : path.startsWith("/api/") ? "info" : "debug";
    log[level](fields, "request");
  };
}
