import { z } from "zod";

const positive = z.int().min(1);
/** Evaluations that a machine full of such pods runs at the same time, to estimate what a sweep costs. */
const slotsPerMachine = positive;

/**
 * The file with which the infrastructure tells `sweep serve` where it is: `--configuration <file>`, JSON. A ConfigMap holds it, because it
 * has no secret. A server without it, such as one on a laptop, shows sweeps, and cannot submit any.
 */
export const serviceFileSchema = z.strictObject({
  /** Name of the environment, for people. */
  environment: z.string().min(1),
  /** Namespace of the pods that compute, whose pods and events the server may list. */
  namespace: z.string().min(1),
  /** What a sweep can run on, at most one entry for each size. */
  sizes: z.array(
    z.strictObject({
      size: z.string().min(1),
      /** Price of one of its machines in US dollars, or null if the price table does not know it. */
      hourlyUsd: z.number().min(0).nullable(),
      /** Executors on a queue. Absent if the size has none. */
      queue: z
        .strictObject({
          queueUrl: z.string(),
          deadLetterQueueUrl: z.string(),
          slots: positive,
          max: positive,
          slotsPerMachine,
        })
        .optional(),
      /** Jobs that the server creates. Absent if it may create none. */
      job: z
        .strictObject({
          /** Most workers of a Job. */
          max: positive,
          slotsPerMachine,
          /**
           * The whole Job as the Kubernetes API takes it. The server fills in its name, its labels, the number of its workers and the
           * environment variables of the container `worker`, and nothing else.
           */
          template: z.record(z.string(), z.unknown()),
        })
        .optional(),
    }),
  ),
  /** Folder of the sweeps that are submitted to queues, below the root of all results. */
  queueFolder: z.string().min(1),
  /** Folder of the sweeps of Jobs that the server creates, below the root of all results. */
  jobFolder: z.string().min(1),
  /** Whether a submission may name a program of the image with arguments of its own. */
  allowCommands: z.boolean(),
  /** Submissions that a user may send in a minute. Each replica counts for itself. */
  submissionsPerMinute: positive,
  /** How the load balancer's login is proved. Absent if nothing is exposed: the server then knows no users. */
  login: z
    .strictObject({
      region: z.string(),
      /** The ARN of the load balancer without its last part, which AWS makes up: `arn:...:loadbalancer/app/<name>/`. */
      loadBalancerArnPrefix: z.string(),
      /** The client that the load balancer is at the identity provider. */
      clientId: z.string(),
      issuer: z.string(),
    })
    .optional(),
});

/** The content of the file of {@link serviceFileSchema}. */
export type ServiceFile = z.infer<typeof serviceFileSchema>;
