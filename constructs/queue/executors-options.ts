import { EXECUTOR_SETTINGS, LIMITS } from "sweep-worker/contract";
import { z } from "zod";
import { type ExecutorSize, executorSizes, type NodeTarget } from "../pools/node-target.ts";
import { type ShapeOf, word } from "../support/fields.ts";
import { cores, leastCpuMillis, wholeNumber } from "../workload/worker-job-settings.ts";

/** The executors of one size, which work on the messages of one queue. An environment lists them as `workload.executors`. */
export interface ExecutorsOptions {
  /** Runs the executors on all pools whose label `executor-size` has this value. Each size has one queue. */
  readonly size: ExecutorSize;
  /** Executors at most, a whole number from 1 to 10,000. There are none while the queue is empty. @default 50 */
  readonly max?: number | undefined;
  /**
   * Evaluations that an executor runs at the same time, a whole number from 1 to 10. With a GPU it is 1. As many messages call for one
   * executor.
   * @default - 2; 1 on executors of the size `small` and on those with a GPU
   */
  readonly slots?: number | undefined;
  /** CPU that the scheduler reserves for an executor, in thousandths of a core. It may use all that its node has idle. @default 2000 */
  readonly cpuRequestMillis?: number | undefined;
  /** Memory of an executor in MiB, both reserved and the most that it can use. Its slots share it equally. @default 4096 */
  readonly memoryRequestMiB?: number | undefined;
  /**
   * Seconds that an executor works on a message before it gives the rest back to the queue, a whole number from 1 to 3,600. Shorter slices
   * divide the end of a run more evenly, and cost more requests.
   * @default 30
   */
  readonly sliceSeconds?: number | undefined;
}

/** Options of executors, all defaults applied. */
export type ResolvedExecutorsOptions = {
  readonly [Name in keyof ExecutorsOptions]-?: NonNullable<ExecutorsOptions[Name]>;
};

/** What an executor itself declares of these settings. */
const { executorSlots: slots, sliceSeconds } = EXECUTOR_SETTINGS;

/** The folder of the results of executors, beside those of jobs. */
export const executorsFolder = "queue";

/** Defaults of the options of executors. */
export const executorsDefaults = {
  max: 50,
  cpuRequestMillis: 2000,
  memoryRequestMiB: 4096,
  sliceSeconds: sliceSeconds.default,
} as const satisfies Partial<ExecutorsOptions>;

/**
 * Most executors of a queue. SQS lets 120,000 messages of a queue be in work at the same time, and an executor has up to 10.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
const mostExecutors = 10_000;

/** Schema of the {@link ExecutorsOptions}. */
export const executorsOptionsSchema = z.strictObject({
  size: word(executorSizes, { example: "large" }),
  max: wholeNumber(1, { example: 50, default: executorsDefaults.max }, mostExecutors),
  slots: wholeNumber(
    1,
    { example: 2, defaultText: `${slots.default}; 1 on executors of the size small and on those with a GPU` },
    LIMITS.executorSlots,
  ),
  cpuRequestMillis: wholeNumber(leastCpuMillis, {
    unit: cores,
    example: 1500,
    default: executorsDefaults.cpuRequestMillis,
  }),
  memoryRequestMiB: wholeNumber(1, { unit: "MiB", example: 3072, default: executorsDefaults.memoryRequestMiB }),
  sliceSeconds: z.optional(sliceSeconds.schema),
} satisfies ShapeOf<ExecutorsOptions>);

/**
 * Options with a default for each that is left out.
 *
 * @param target the nodes that the executors run on. @default nodes without a GPU, unless the size is `gpu`
 */
export function executorsWithDefaults(
  options: ExecutorsOptions,
  target: Pick<NodeTarget, "gpu"> = { gpu: options.size === "gpu" },
): ResolvedExecutorsOptions {
  const { size } = options;
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const most = size === "small" || target.gpu ? 1 : slots.default;
  return { ...executorsDefaults, slots: most, ...Object.fromEntries(given), size };
}
