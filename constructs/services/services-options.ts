import { z } from "zod";
import { flag, list, type ShapeOf } from "../support/fields.ts";
import { wholeNumber } from "../workload/worker-job-settings.ts";
import { type IngressOptions, ingressOptionsSchema } from "./ingress-options.ts";
import { type ServiceJobsOptions, serviceJobsOptionsSchema } from "./service-jobs-options.ts";
import { webServiceDefaults } from "./web-service-props.ts";

/** The page and the API of an environment. An environment has them as `services`. */
export interface ServicesOptions {
  /**
   * Replicas of the page and of the API that always run, a whole number from 1 to 50. With 1, an interruption of its node is one of the page.
   * @default 2
   */
  readonly minReplicas?: number | undefined;
  /**
   * Replicas of the page and of the API at most, a whole number from 1 to 50. Kubernetes adds one when they use more than 70 % of the CPU
   * that they request.
   * @default 5
   */
  readonly maxReplicas?: number | undefined;
  /**
   * Whether a submission may name a program of the image with arguments of its own. Everybody who reaches the API can then run any
   * program of the image with the permissions of the executors.
   * @default false
   */
  readonly allowCommands?: boolean | undefined;
  /** Submissions that a user may send in a minute, a whole number from 1 to 1,000. Each replica of the API counts for itself. @default 10 */
  readonly submissionsPerMinute?: number | undefined;
  /**
   * An entry from outside: a load balancer with a login.
   * @default - none; `npm run ui` reaches the page through the Kubernetes API
   */
  readonly ingress?: IngressOptions | undefined;
  /**
   * Jobs that the API may create, at most one entry for each size.
   * @default []
   */
  readonly jobs?: readonly ServiceJobsOptions[] | undefined;
}

/** Options of services, all defaults applied. */
export interface ResolvedServicesOptions extends ServicesOptions {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly allowCommands: boolean;
  readonly submissionsPerMinute: number;
  readonly jobs: readonly ServiceJobsOptions[];
}

/** Defaults of the options of services. */
export const servicesDefaults = {
  minReplicas: webServiceDefaults.minReplicas,
  maxReplicas: webServiceDefaults.maxReplicas,
  allowCommands: false,
  submissionsPerMinute: 10,
} as const satisfies ServicesOptions;

/** More replicas than anybody needs for a page and an API that keep nothing. */
const mostReplicas = 50;

/** Schema of the {@link ServicesOptions}. */
export const servicesOptionsSchema = z.strictObject({
  minReplicas: wholeNumber(1, { example: 2, default: servicesDefaults.minReplicas }, mostReplicas),
  maxReplicas: wholeNumber(1, { example: 5, default: servicesDefaults.maxReplicas }, mostReplicas),
  allowCommands: flag({ example: true, default: servicesDefaults.allowCommands }).optional(),
  submissionsPerMinute: wholeNumber(1, { example: 10, default: servicesDefaults.submissionsPerMinute }, 1000),
  ingress: ingressOptionsSchema.optional(),
  jobs: list(serviceJobsOptionsSchema, {
    allowed: "a list of jobs that the API may create",
    example: [{ size: "large" }],
    fix: 'use for example [{ size: "large" }]',
    default: [],
  }).optional(),
} satisfies ShapeOf<ServicesOptions>);

/** Options with a default for each that is left out. */
export function servicesWithDefaults(options: ServicesOptions): ResolvedServicesOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...servicesDefaults, jobs: [], ...Object.fromEntries(given) };
}
