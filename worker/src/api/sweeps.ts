import { z } from "zod";

/*
 * The answers of the API about sweeps: one schema each gives the check, the type and the document (`/api/openapi.json`). The page imports
 * the types alone. Times are ISO 8601 in UTC; everything is counted in parameters unless its name says otherwise.
 */

const count = z.int().min(0);
const time = z.iso.datetime();

/** The name of a sweep: the place of its results below the root, with ":" in place of "/". */
export const sweepNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(:[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,2}$/)
  .meta({
    description: "Place of the results below the root, with ':' in place of '/'",
    example: "queue:collatz-daec0fe4",
  });

export const sweepStateSchema = z
  .enum(["waiting", "running", "idle", "complete", "verified", "cancelled", "failed"])
  .meta({
    id: "SweepState",
    description:
      "waiting: submitted, and nothing is committed yet. running: something was committed in the last two minutes. idle: parameters are " +
      "missing, and nothing was committed in the last two minutes. complete: all parameters are committed. verified: a receipt proves it. " +
      "cancelled and failed: somebody or an executor has stopped it.",
  });
export type SweepState = z.infer<typeof sweepStateSchema>;

/** Everything that decides the results of a sweep. */
export const identitySchema = z
  .strictObject({
    evaluation: z.string().meta({ description: "Name of the evaluation, or the words of its command" }),
    evaluationSha256: z.string(),
    columns: z.array(z.string()),
    total: count.meta({ description: "Number of parameters" }),
    batchSize: count.meta({ description: "Parameters of a block" }),
    seed: z.number(),
  })
  .meta({ id: "Identity" });

export const countsSchema = z
  .strictObject({
    present: count.meta({ description: "Parameters with a result" }),
    failed: count.meta({ description: "Parameters that were evaluated and have no result" }),
    isFailedExact: z
      .boolean()
      .meta({ description: "false if so many blocks have failures that they are estimated from the sizes of objects" }),
    remaining: count,
  })
  .meta({ id: "Counts" });

export const sweepSummarySchema = z
  .strictObject({
    name: sweepNameSchema,
    url: z.string().meta({ description: "Place of the results", example: "s3://bucket/runs/queue/collatz-daec0fe4" }),
    identity: identitySchema,
    state: sweepStateSchema,
    counts: countsSchema,
    createdAt: time,
    lastCommitAt: time.nullable(),
    ratePerSecond: z.number().min(0).meta({ description: "Parameters committed in each second of the last minute" }),
    secondsLeft: z.number().min(0).nullable().meta({ description: "null unless it is running" }),
    stop: z
      .strictObject({ reason: z.string(), at: time })
      .nullable()
      .meta({ description: "Why it was cancelled, or has failed" }),
    submission: z
      .strictObject({
        submittedBy: z.string().nullable().meta({ description: "The user of the login, null without one" }),
        at: time,
        size: z.string(),
        mode: z.enum(["queue", "job"]),
      })
      .nullable()
      .meta({ description: "null if it was not submitted through this API" }),
    costUsd: z
      .number()
      .min(0)
      .nullable()
      .meta({ description: "Estimate of what its machines have cost so far; null if no price is known" }),
  })
  .meta({ id: "SweepSummary" });
export type SweepSummary = z.infer<typeof sweepSummarySchema>;

export const sweepListSchema = z
  .strictObject({
    sweeps: z.array(sweepSummarySchema),
    next: z.string().nullable().meta({ description: "Value of `after` for the next page, null on the last" }),
  })
  .meta({ id: "SweepList" });
export type SweepList = z.infer<typeof sweepListSchema>;

/** Throughput over time, from the times of the commits. At most 512 equal steps, so that it does not grow with the sweep. */
export const throughputSchema = z
  .strictObject({
    start: time.nullable().meta({ description: "Start of the first step, null if nothing is committed" }),
    stepSeconds: z.number().min(0),
    parameters: z.array(count).max(512).meta({ description: "Parameters committed in each step" }),
  })
  .meta({ id: "Throughput" });

export const sweepSchema = z
  .strictObject({
    ...sweepSummarySchema.shape,
    throughput: throughputSchema,
    computingSeconds: z.number().min(0).meta({
      description: "Estimate of the time that all blocks took, summed over the slots that computed at the same time",
    }),
    hasReceipt: z.boolean(),
    hasParquet: z.boolean().meta({ description: "Whether results.parquet lies beside the results" }),
    canCancel: z.boolean(),
    canResume: z.boolean(),
  })
  .meta({ id: "Sweep" });
export type Sweep = z.infer<typeof sweepSchema>;

/** Most cells of a heat map: a page never gets a list that grows with the sweep. */
export const MOST_CELLS = 4096;

/** Cells of equal numbers of parameters, the last may be shorter. One array for each property is a third of the bytes of objects. */
export const heatMapSchema = z
  .strictObject({
    total: count,
    cellSize: count.meta({ description: "Parameters of a cell" }),
    done: z
      .array(count)
      .max(MOST_CELLS)
      .meta({ description: "Committed parameters of each cell, failed ones included" }),
    failed: z.array(count).max(MOST_CELLS).meta({
      description: "Failed parameters of each cell, at least 1 where there is one; estimated like counts.failed",
    }),
    milliseconds: z
      .array(z.number().min(0).nullable())
      .max(MOST_CELLS)
      .meta({ description: "Estimate of the computing time of a parameter in each cell, null where nothing is known" }),
  })
  .meta({ id: "HeatMap" });
export type HeatMap = z.infer<typeof heatMapSchema>;

export const failurePageSchema = z
  .strictObject({
    failures: z.array(
      z.strictObject({
        parameter: count,
        kind: z.enum(["threw", "invalid-result", "exited", "killed", "out-of-memory", "timeout"]),
        error: z.string(),
      }),
    ),
    next: count.nullable().meta({ description: "Value of `after` for the next page, null on the last" }),
  })
  .meta({ id: "FailurePage" });
export type FailurePage = z.infer<typeof failurePageSchema>;

/** One column, from a sample of blocks that are read: at most 64, spread evenly. */
export const columnSchema = z
  .strictObject({
    column: z.string(),
    sampled: count.meta({ description: "Parameters that were read" }),
    histogram: z.strictObject({
      from: z.number().nullable(),
      to: z.number().nullable(),
      counts: z.array(count).max(64),
    }),
    overParameter: z
      .array(
        z.strictObject({
          start: count,
          count: count,
          min: z.number().nullable(),
          mean: z.number().nullable(),
          max: z.number().nullable(),
        }),
      )
      .max(512)
      .meta({ description: "Stretches of parameters that were read, sorted" }),
  })
  .meta({ id: "Column" });
export type Column = z.infer<typeof columnSchema>;

/** The machines' side, from the Kubernetes API. The bucket does not know it. */
export const workersSchema = z
  .strictObject({
    source: z
      .enum(["kubernetes", "none"])
      .meta({ description: "none: this server has no cluster, or the cluster does not answer" }),
    note: z.string().nullable().meta({ description: "Why there is no list, in words" }),
    workers: z
      .array(
        z.strictObject({
          name: z.string().meta({ description: "Name of the pod" }),
          state: z.enum(["waiting", "running", "ended", "failed"]),
          reason: z.string().nullable().meta({ description: "Why it waits or has failed: the last event, in words" }),
          since: time.nullable(),
          node: z.string().nullable(),
          size: z.string().nullable(),
        }),
      )
      .max(500),
    total: count.meta({ description: "Number of pods, which may be more than are listed" }),
  })
  .meta({ id: "Workers" });
export type Workers = z.infer<typeof workersSchema>;
