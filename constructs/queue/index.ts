export { ExecutorScaling, type ExecutorScalingProps } from "./executor-scaling.ts";
export { Executors, type ExecutorsProps, executorsName } from "./executors.ts";
export {
  type ExecutorsOptions,
  executorsDefaults,
  executorsOptionsSchema,
  type ResolvedExecutorsOptions,
} from "./executors-options.ts";
export { executorsProblems } from "./executors-problems.ts";
export { queueLengthStatements, submitStatements, WorkQueue, type WorkQueueProps } from "./work-queue.ts";
