import { createRoute, z } from "@hono/zod-openapi";
import {
  cancelSchema,
  environmentSchema,
  problemSchema,
  resumeSchema,
  submissionSchema,
  submittedSchema,
} from "../api/submission.ts";
import {
  columnSchema,
  failurePageSchema,
  heatMapSchema,
  MOST_CELLS,
  sweepListSchema,
  sweepNameSchema,
  sweepSchema,
  workersSchema,
} from "../api/sweeps.ts";
import { wholeNumberInQuery, withDefaultInQuery } from "./request-problems.ts";

/** The answers that are no success, by status. */
const PROBLEMS = {
  400: "A value is wrong.",
  401: "Nobody is logged in.",
  403: "The request came from the page of another site.",
  404: "There is no such sweep, part of it, or page.",
  409: "The sweep does not allow it, or its results are damaged.",
  411: "The body has no length.",
  413: "The body is too large.",
  415: "The body is no JSON.",
  421: "The request is for another host.",
  429: "The user has sent too many submissions; Retry-After tells when to try again.",
  500: "A bug of the server. Its log has the reason.",
  502: "The place of the results refuses this server, or the API cannot be reached.",
  503: "The place of the results does not answer; Retry-After tells when to try again.",
} as const;

type ProblemStatus = keyof typeof PROBLEMS;

const retryAfter = { "Retry-After": { schema: { type: "integer" as const, minimum: 1 }, description: "Seconds" } };

function problems(...statuses: readonly ProblemStatus[]) {
  const all = [...new Set<ProblemStatus>([400, 401, 409, 421, 500, 502, 503, ...statuses])].sort();
  return Object.fromEntries(
    all.map((status) => [
      status,
      {
        description: PROBLEMS[status],
        content: { "application/problem+json": { schema: problemSchema } },
        ...([429, 503].includes(status) ? { headers: retryAfter } : {}),
      },
    ]),
  );
}

const OF_A_CHANGE = [403, 411, 413, 415] as const;

function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { "application/json": { schema } } };
}

function jsonBody<S extends z.ZodType>(schema: S) {
  return { required: true, content: { "application/json": { schema } } };
}

const noQuery = z.strictObject({});
const ofSweep = z.strictObject({ name: sweepNameSchema });

export const listRoute = createRoute({
  operationId: "listSweeps",
  summary: "Sweeps, the newest first",
  method: "get",
  path: "/api/sweeps",
  request: {
    query: z.strictObject({
      after: z.string().min(1).max(400).optional().meta({ description: "The value `next` of the page before" }),
      limit: withDefaultInQuery(wholeNumberInQuery(1, 200, "Most sweeps of a page"), 50),
    }),
  },
  responses: { 200: json(sweepListSchema, "A page of sweeps"), ...problems(404) },
});

export const submitRoute = createRoute({
  operationId: "submitSweep",
  summary: "Submit a sweep. The same sweep again is the same name, and computes nothing twice.",
  method: "post",
  path: "/api/sweeps",
  request: { query: noQuery, body: jsonBody(submissionSchema) },
  responses: {
    200: json(submittedSchema, "It was submitted before"),
    201: {
      ...json(submittedSchema, "It is new"),
      headers: { Location: { schema: { type: "string" as const }, description: "Path of the sweep" } },
    },
    ...problems(...OF_A_CHANGE, 404, 429),
  },
});

export const sweepRoute = createRoute({
  operationId: "getSweep",
  summary: "One sweep, with its throughput",
  method: "get",
  path: "/api/sweeps/{name}",
  request: { params: ofSweep, query: noQuery },
  responses: { 200: json(sweepSchema, "The sweep"), ...problems(404) },
});

const eventSchema = z.strictObject({
  event: z.literal("sweep"),
  id: z.string(),
  data: z.string().meta({ description: "A Sweep as JSON" }),
});

export const eventsRoute = createRoute({
  operationId: "watchSweep",
  summary: "One sweep, each time somebody has looked at it: server-sent events",
  method: "get",
  path: "/api/sweeps/{name}/events",
  request: {
    params: ofSweep,
    query: noQuery,
    headers: z.object({
      "last-event-id": z.string().optional().meta({ description: "A browser that connects again sends it" }),
    }),
  },
  responses: {
    200: {
      description:
        "Events named `sweep`, whose data is a Sweep, and comments. It goes on until the reader or the server ends it.",
      content: { "text/event-stream": { schema: eventSchema } },
    },
    ...problems(404),
  },
});

export const blocksRoute = createRoute({
  operationId: "getHeatMap",
  summary: "What is done and failed, in cells of equal numbers of parameters",
  method: "get",
  path: "/api/sweeps/{name}/blocks",
  request: {
    params: ofSweep,
    query: z.strictObject({ cells: withDefaultInQuery(wholeNumberInQuery(1, MOST_CELLS, "Most cells"), 1024) }),
  },
  responses: { 200: json(heatMapSchema, "The heat map"), ...problems(404) },
});

export const failuresRoute = createRoute({
  operationId: "listFailures",
  summary: "Parameters that have failed, in their order",
  method: "get",
  path: "/api/sweeps/{name}/failures",
  request: {
    params: ofSweep,
    query: z.strictObject({
      after: wholeNumberInQuery(0, Number.MAX_SAFE_INTEGER, "The value `next` of the page before").optional(),
      limit: withDefaultInQuery(wholeNumberInQuery(1, 1_000, "Most failures of a page"), 100),
    }),
  },
  responses: { 200: json(failurePageSchema, "A page of failures"), ...problems(404) },
});

export const columnRoute = createRoute({
  operationId: "getColumn",
  summary: "One column, from a sample of the results",
  method: "get",
  path: "/api/sweeps/{name}/columns/{column}",
  request: {
    params: ofSweep.extend({
      column: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/)
        .meta({ description: "One of identity.columns", example: "value" }),
    }),
    query: z.strictObject({
      from: wholeNumberInQuery(0, Number.MAX_SAFE_INTEGER, "First parameter. Default: 0").optional(),
      count: wholeNumberInQuery(1, Number.MAX_SAFE_INTEGER, "Parameters. Default: up to the last one").optional(),
    }),
  },
  responses: { 200: json(columnSchema, "The column"), ...problems(404) },
});

export const workersRoute = createRoute({
  operationId: "listWorkers",
  summary: "The pods that compute, and why some of them wait",
  method: "get",
  path: "/api/sweeps/{name}/workers",
  request: { params: ofSweep, query: noQuery },
  responses: { 200: json(workersSchema, "The workers"), ...problems(404) },
});

/** The files beside the results that can be downloaded. */
export const DOWNLOADS = {
  "receipt.json": {
    path: "/api/sweeps/{name}/receipt",
    type: "application/json",
    schema: z.looseObject({}).meta({ description: "docs/results.md describes it" }),
  },
  "results.parquet": {
    path: "/api/sweeps/{name}/results.parquet",
    type: "application/vnd.apache.parquet",
    schema: z.string().meta({ format: "binary" }),
  },
} as const;

export const receiptRoute = downloadRoute("receipt.json", "getReceipt", "The receipt that `sweep verify` has written");
export const parquetRoute = downloadRoute("results.parquet", "getParquet", "All results as a table");

function downloadRoute(file: keyof typeof DOWNLOADS, operationId: string, summary: string) {
  const { path, type, schema } = DOWNLOADS[file];
  return createRoute({
    operationId,
    summary,
    method: "get",
    path,
    request: { params: ofSweep, query: noQuery },
    responses: {
      200: { description: "The file, from a directory", content: { [type]: { schema } } },
      302: {
        description: "The file, in a bucket",
        headers: { Location: { schema: { type: "string" as const }, description: "It is good for 15 minutes" } },
      },
      ...problems(404),
    },
  });
}

export const cancelRoute = createRoute({
  operationId: "cancelSweep",
  summary: "Stop a submitted sweep. Its results stay.",
  method: "post",
  path: "/api/sweeps/{name}/cancel",
  request: { params: ofSweep, query: noQuery, body: jsonBody(cancelSchema) },
  responses: { 204: { description: "It stops" }, ...problems(404, ...OF_A_CHANGE, 429) },
});

export const resumeRoute = createRoute({
  operationId: "resumeSweep",
  summary: "Go on with a submitted sweep, also with one that was cancelled or has failed",
  method: "post",
  path: "/api/sweeps/{name}/resume",
  request: { params: ofSweep, query: noQuery, body: jsonBody(resumeSchema) },
  responses: { 200: json(submittedSchema, "It goes on"), ...problems(404, ...OF_A_CHANGE, 429) },
});

export const environmentRoute = createRoute({
  operationId: "getEnvironment",
  summary: "Where this server is, who is logged in, and what can be submitted",
  method: "get",
  path: "/api/environment",
  request: { query: noQuery },
  responses: { 200: json(environmentSchema, "The environment"), ...problems() },
});
