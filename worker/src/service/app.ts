import type { HttpBindings } from "@hono/node-server";
import type { OpenAPIHono } from "@hono/zod-openapi";

/** What a request carries through the handlers. */
export interface ServiceEnv {
  /** Absent in a test that calls the application without a server. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    /** Who is logged in, null without a login. */
    user: string | null;
  };
}

export type ServiceApp = OpenAPIHono<ServiceEnv>;
