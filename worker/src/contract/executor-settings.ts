import { z } from "zod";
import { SETTINGS } from "./declarations.ts";
import { type Defaults, declare, defaultsOf, type SettingDeclaration, wholeNumber, withDefaultsOf } from "./declare.ts";
import { LIMITS } from "./limits.ts";
import type { WorkerSettings } from "./worker-settings.ts";

/** The settings that mean the same for a worker. */
type OfAWorker = "stopGraceSeconds" | "s3RequestTimeoutMs" | "logLevel";

/**
 * The settings of an executor, which works on the messages of a queue. It reads each one from an environment variable of the same name
 * (`queueUrl` from `QUEUE_URL`). Everything else belongs to a run, and `sweep submit` writes it beside the run's results.
 */
export interface ExecutorSettings extends Pick<WorkerSettings, OfAWorker> {
  /**
   * URL of the queue, a standard queue of Amazon SQS. The region in it is that of the requests.
   * @example "https://sqs.us-west-2.amazonaws.com/123456789012/prod-large"
   */
  readonly queueUrl: string;

  /**
   * Place of the results of all runs, s3://<bucket>/<prefix>. The results of a run are below it, at the run's name.
   * @example "s3://bucket/runs/queue"
   */
  readonly resultsRoot: string;

  /**
   * Number of messages that an executor works on at the same time, each with an evaluation process of its own. A whole number from 1 to
   * 10.
   * @default 2
   */
  readonly executorSlots?: number | undefined;

  /**
   * Seconds for which an executor works on a message, before it gives the rest back. A whole number from 1 to 3,600. Short slices spread
   * a slow region sooner over all executors. Each costs three requests to the queue, and the time until the parameters in work end.
   * @default 30
   */
  readonly sliceSeconds?: number | undefined;

  /**
   * MiB of memory that an executor may use, its evaluations included. A whole number from 64 to 16,777,216. Its slots share it equally.
   * An evaluation that comes near its part is ended, and the parameter that needs so much has failed. Only Linux has it.
   * @default - the limit of the container
   * @example 4096
   */
  readonly memoryLimitMiB?: number | undefined;
}

export type ExecutorSettingName = keyof ExecutorSettings;

/** The declaration of each setting of an executor. */
export const EXECUTOR_SETTINGS = {
  queueUrl: declare(z.string().regex(/^https?:\/\/[^/\s]+\/\d{12}\/[A-Za-z0-9_-]{1,80}$/), {
    description: "URL of the queue, a standard queue of Amazon SQS",
    allowed: "the URL of a standard queue, https://sqs.<region>.amazonaws.com/<account>/<name>",
    example: "https://sqs.us-west-2.amazonaws.com/123456789012/prod-large",
  }),
  resultsRoot: declare(z.string().regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^/\s]+)*\/?$/), {
    description: "Place of the results of all runs, s3://<bucket>/<prefix>",
    allowed: "s3://<bucket>/<prefix>",
    example: "s3://bucket/runs/queue",
  }),
  executorSlots: wholeNumber(1, LIMITS.executorSlots, {
    description:
      "Number of messages that an executor works on at the same time, each with an evaluation process of its own",
    example: 2,
    default: 2,
  }),
  sliceSeconds: wholeNumber(1, LIMITS.sliceSeconds, {
    description: "Seconds for which an executor works on a message, before it gives the rest back",
    unit: "seconds",
    example: 30,
    default: 30,
  }),
  memoryLimitMiB: wholeNumber(64, LIMITS.memoryLimitMiB, {
    description: "MiB of memory that an executor may use, its evaluations included",
    unit: "MiB",
    example: 4096,
    defaultText: "the limit of the container",
  }),
  stopGraceSeconds: SETTINGS.stopGraceSeconds,
  s3RequestTimeoutMs: SETTINGS.s3RequestTimeoutMs,
  logLevel: SETTINGS.logLevel,
} satisfies { readonly [Name in ExecutorSettingName]-?: SettingDeclaration<NonNullable<ExecutorSettings[Name]>> };

/** Names of all settings of an executor, in the order of {@link ExecutorSettings}. */
export const EXECUTOR_SETTING_NAMES = Object.keys(EXECUTOR_SETTINGS) as readonly ExecutorSettingName[];

type DefaultedSettings = Defaults<typeof EXECUTOR_SETTINGS, ExecutorSettings>;

/** The settings of an executor with every constant default applied. */
export type ResolvedExecutorSettings = ExecutorSettings & DefaultedSettings;

/** The given settings of an executor, and the constant defaults for those that are absent or undefined. */
export function withExecutorDefaults<T extends Partial<ExecutorSettings>>(settings: T): T & DefaultedSettings {
  return withDefaultsOf(settings, DEFAULTS);
}

const DEFAULTS = defaultsOf<DefaultedSettings>(EXECUTOR_SETTINGS);
