import type { NodeTarget } from "../pools/node-target.ts";
import { type ApiObject, apiObject } from "../workload/api-object.ts";
import { indexedJobSpec } from "../workload/indexed-job.ts";
import type { ContainerImage } from "../workload/worker-image.ts";
import type { WorkerJobSettings } from "../workload/worker-job-settings.ts";
import { type PodResources, podResources, workerLabels, workerPod } from "../workload/worker-pod.ts";
import { defaultMaxWorkers, type ServiceJobsOptions } from "./service-jobs-options.ts";

/** The label of a Job of the API, and of its pods, that names its size. */
export const sizeLabel = "evaluation-platform/size";
/** The label by which everybody knows a Job of the API, and its pods. */
export const managedByApi = { "app.kubernetes.io/managed-by": "sweep-api" } as const;
/** Service account of the workers of all Jobs of the API. Its identity may write below their folder, and nowhere else. */
export const serviceJobsAccount = "service-jobs";
/**
 * Seconds until Kubernetes removes a Job of the API that has ended, with its pods. The results and the reasons of failures are in the bucket;
 * the logs go with the pods.
 */
const secondsToLive = 3600;

/** A template, and what it is filled in with. */
export interface JobTemplateProps {
  readonly options: ServiceJobsOptions;
  /** All pools of the size (`executorsOfSize`). */
  readonly target: NodeTarget;
  readonly namespace: string;
  readonly image: Pick<ContainerImage, "reference">;
  /** Region of the bucket. */
  readonly region: string;
}

/** A Job as the Kubernetes API takes it, without a name and the number of its workers. */
export interface JobTemplate extends ApiObject {
  readonly metadata: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: ApiObject & {
    readonly template: { readonly metadata: ApiObject; readonly spec: PodTemplate };
  };
}

interface PodTemplate extends ApiObject {
  readonly serviceAccountName: string;
  readonly containers: readonly [ContainerTemplate];
}

interface ContainerTemplate extends ApiObject {
  readonly env: readonly ApiObject[];
}

/** The name of the PriorityClass of a size, by which a ResourceQuota counts the pods of its Jobs. */
export function priorityClassOf({ size }: Pick<ServiceJobsOptions, "size">): string {
  return `service-jobs-${size}`;
}

/** Most workers of all Jobs of a size. */
export function maxWorkersOf({ maxWorkers = defaultMaxWorkers }: Pick<ServiceJobsOptions, "maxWorkers">): number {
  return maxWorkers;
}

/** Requests and limits of a worker of a size. A sweep with blocks that need more memory ends with words that say so. */
export function workerResources(options: ServiceJobsOptions, target: NodeTarget): PodResources {
  return podResources(workerSettingsOf(options), target);
}

/** A job with workers of a size. A submission decides which parameters it evaluates. */
export function workerSettingsOf(options: ServiceJobsOptions): WorkerJobSettings {
  const { size, maxWorkers: _, ...resources } = options;
  return { ...resources, name: size, totalParameters: 1, workers: maxWorkersOf(options) };
}

/**
 * The Job of a size that the API creates: that of `WorkerJob`, except that its environment variables are in the pod itself, because the
 * API may create no ConfigMap, and that it removes itself. The API fills in the name, the workers (`completions` and `parallelism`), more
 * environment variables of the container, and labels that name the sweep.
 *
 * It leaves nothing to the defaults of Kubernetes, so that the fence can compare a Job with it field by field.
 */
export function jobTemplate(props: JobTemplateProps): JobTemplate {
  const { namespace, options, target } = props;
  const { size } = options;
  const ownLabels = { ...managedByApi, [sizeLabel]: size };
  const labels = { ...workerLabels, ...ownLabels };
  const pod = apiObject(
    workerPod({
      program: "worker",
      labels,
      ownLabels,
      image: props.image.reference,
      serviceAccountName: serviceJobsAccount,
      resources: workerResources(props.options, target),
      target,
      placement: "spread",
    }),
  ) as unknown as JobTemplate["spec"]["template"];
  const [container] = pod.spec.containers;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { namespace, labels },
    spec: {
      // Kubernetes refuses more failed workers than a Job has. A mistake of the evaluation meets more than one worker.
      ...without(apiObject(indexedJobSpec({ workers: 1, maxFailedIndexes: 1 })), "completions"),
      ttlSecondsAfterFinished: secondsToLive,
      suspend: false,
      manualSelector: false,
      podReplacementPolicy: "Failed",
      template: {
        metadata: pod.metadata,
        spec: {
          ...pod.spec,
          priorityClassName: priorityClassOf(options),
          dnsPolicy: "ClusterFirst",
          schedulerName: "default-scheduler",
          containers: [
            {
              ...container,
              imagePullPolicy: "IfNotPresent",
              terminationMessagePath: "/dev/termination-log",
              // Without it the SDK asks the instance's metadata, which pods cannot reach.
              env: [...container.env, { name: "AWS_REGION", value: props.region }],
            },
          ],
        },
      },
    },
  };
}

function without(object: ApiObject, name: string): ApiObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
}
