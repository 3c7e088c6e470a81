import type { ServiceFile } from "sweep-worker/contract";
import { type ExecutorSize, type NodeTarget, roomForPods } from "../pools/node-target.ts";
import { executorsFolder, type ResolvedExecutorsOptions } from "../queue/executors-options.ts";
import { executorResources } from "../queue/executors-problems.ts";
import type { WorkQueue } from "../queue/work-queue.ts";
import { podsPerNode } from "../workload/job-machines.ts";
import { serviceJobsFolder } from "./services-names.ts";
import type { ResolvedServicesOptions } from "./services-options.ts";

/** Machines of a size, and what sweeps can run on them. */
export interface ServedSize {
  readonly size: ExecutorSize;
  readonly target: NodeTarget;
  /** Price of one of its machines in US dollars. @default - unknown */
  readonly hourlyUsd?: number | undefined;
  /** The executors of the size and their queue. @default - none */
  readonly executors?:
    | { readonly options: ResolvedExecutorsOptions; readonly queue: Pick<WorkQueue, "queueUrl" | "deadLetterQueueUrl"> }
    | undefined;
  /** Jobs of the size that the API may create. @default - none */
  readonly job?: { readonly max: number; readonly slotsPerMachine: number; readonly template: object } | undefined;
}

export interface ServiceFileProps {
  /** Name of the environment. */
  readonly environment: string;
  /** Namespace of the pods that compute. */
  readonly namespace: string;
  readonly sizes: readonly ServedSize[];
  readonly options: Pick<ResolvedServicesOptions, "allowCommands" | "submissionsPerMinute">;
  /** How the load balancer's login is proved. @default - there is no login */
  readonly login?: ServiceFile["login"];
}

/** The file with which the API learns where it is. */
export function serviceFile({ environment, namespace, sizes, options, login }: ServiceFileProps): ServiceFile {
  return {
    environment,
    namespace,
    sizes: sizes.filter(({ executors, job }) => executors !== undefined || job !== undefined).map(servedSize),
    queueFolder: executorsFolder,
    jobFolder: serviceJobsFolder,
    allowCommands: options.allowCommands,
    submissionsPerMinute: options.submissionsPerMinute,
    ...(login && { login }),
  };
}

function servedSize({ size, target, hourlyUsd, executors, job }: ServedSize): ServiceFile["sizes"][number] {
  return {
    size,
    hourlyUsd: hourlyUsd ?? null,
    ...(executors && {
      queue: {
        queueUrl: executors.queue.queueUrl,
        deadLetterQueueUrl: executors.queue.deadLetterQueueUrl,
        slots: executors.options.slots,
        max: executors.options.max,
        slotsPerMachine: slotsOf(executors.options, target),
      },
    }),
    ...(job && { job: { ...job, template: { ...job.template } } }),
  };
}

/** Evaluations that run on a machine at the same time when it is full of executors. */
function slotsOf(options: ResolvedExecutorsOptions, target: NodeTarget): number {
  return podsPerNode(roomForPods(target), executorResources(options, target)) * options.slots;
}
