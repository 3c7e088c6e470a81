import { z } from "zod";
import { sweepNameSchema } from "./sweeps.ts";

/** An evaluation by its name in the image, or as a bundle that `sweep bundle` has written. The server never runs an uploaded one. */
export const evaluationSchema = z
  .union([
    z.strictObject({
      name: z.string().max(100).meta({ description: "Name of an evaluation of the image", example: "collatz" }),
      columns: z
        .array(z.string())
        .min(1)
        .max(64)
        .optional()
        .meta({ description: "The names that its `columns` exports. Needed if its module does not write them out" }),
    }),
    z.strictObject({
      name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/),
      bundle: z
        .string()
        .max(4_000_000)
        .meta({ description: "Text of a module without imports, as `sweep bundle` writes it" }),
      columns: z
        .array(z.string())
        .min(1)
        .max(64)
        .default(["value"])
        .meta({ description: "The names that its `columns` exports" }),
    }),
    z.strictObject({
      command: z
        .string()
        .max(4_000)
        .meta({ description: "A program in the image. Refused unless the server allows commands." }),
      columns: z.array(z.string()).max(64).optional(),
    }),
  ])
  .meta({ id: "EvaluationSource" });

/** What somebody wants to be computed. Its values go through the worker's contract, so that errors are the same as on the command line. */
export const submissionSchema = z
  .strictObject({
    evaluation: evaluationSchema,
    total: z.int().min(1),
    seed: z.int().min(0).optional(),
    batchSize: z.int().min(1).optional(),
    evaluationConcurrency: z.int().min(1).optional(),
    evaluationTimeoutSeconds: z.number().min(0).optional(),
    maxFailures: z.int().min(0).optional(),
    simulateWorkMs: z.number().min(0).optional(),
    size: z.string().max(63).meta({ description: "One of the sizes of GET /api/environment", example: "large" }),
    mode: z.enum(["queue", "job"]).default("queue"),
    executors: z
      .int()
      .min(1)
      .optional()
      .meta({ description: "Executors to divide it for at first, or workers of the Job. Default: 1 and 3" }),
    name: z.string().max(100).optional().meta({ description: "Name of the run. Default: made of its identity" }),
  })
  .meta({ id: "Submission" });
export type SubmissionRequest = z.input<typeof submissionSchema>;

export const submittedSchema = z
  .strictObject({
    name: sweepNameSchema,
    isNew: z
      .boolean()
      .meta({ description: "false if the same sweep was submitted before; what is missing was sent again if need be" }),
    messages: z.int().min(0).meta({ description: "Messages sent to the queue, 0 for a Job" }),
  })
  .meta({ id: "Submitted" });
export type Submitted = z.infer<typeof submittedSchema>;

export const cancelSchema = z
  .strictObject({ reason: z.string().max(1_000).default("cancelled on the page") })
  .meta({ id: "Cancel" });
export const resumeSchema = z.strictObject({ executors: z.int().min(1).optional() }).meta({ id: "Resume" });

/** Where this server is, and what it can do. The page offers nothing else. */
export const environmentSchema = z
  .strictObject({
    name: z.string().nullable().meta({ description: "Name of the environment, null on a laptop" }),
    version: z.string(),
    resultsRoot: z.string(),
    user: z.string().nullable().meta({ description: "Who is logged in, null without a login" }),
    evaluations: z.array(z.string()).meta({ description: "Evaluations that can be submitted by name" }),
    allowsCommands: z.boolean(),
    sizes: z.array(
      z.strictObject({
        size: z.string(),
        modes: z.array(z.enum(["queue", "job"])),
        max: z.int().min(0).meta({ description: "Most executors, or workers of a Job" }),
        hourlyUsd: z.number().nullable().meta({ description: "Price of a machine; null if it is not known" }),
      }),
    ),
  })
  .meta({ id: "Environment" });
export type ServedEnvironment = z.infer<typeof environmentSchema>;

/** Every answer that is no success, as application/problem+json. @see https://www.rfc-editor.org/rfc/rfc9457 */
export const problemSchema = z
  .strictObject({
    type: z.literal("about:blank"),
    status: z.int(),
    title: z.string().meta({ description: "The status in words" }),
    detail: z.string().meta({ description: "One sentence: what is wrong, and what to do" }),
    problems: z
      .array(z.strictObject({ path: z.string(), allowed: z.string(), got: z.string(), fix: z.string() }))
      .optional()
      .meta({ description: "One for each value that is wrong" }),
  })
  .meta({ id: "Problem" });
export type ProblemAnswer = z.infer<typeof problemSchema>;
