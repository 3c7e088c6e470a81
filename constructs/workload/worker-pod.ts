import type { JobV1SpecTemplate, JobV1SpecTemplateSpecAffinity } from "@cdktf/provider-kubernetes/lib/job-v1";
import { type BlockShape, DEFAULTS, leastMemoryMiB, spoolMiB, variableName } from "sweep-worker/contract";
import { type NodeTarget, roomForPods } from "../pools/node-target.ts";
import {
  cores,
  mebibytes,
  restrictedContainerSecurity,
  restrictedPodSecurity,
  spread,
} from "../support/restricted-pod.ts";
import { defaultStorage, jobDefaults, type Placement, type WorkerJobSettings } from "./worker-job-settings.ts";

/** Name of the container. The Job's pod failure policy repeats it. */
export const workerContainer = "worker";

/** Labels of every pod of every sweep. The network policy selects them. */
export const workerLabels = {
  "app.kubernetes.io/component": "worker",
  "app.kubernetes.io/part-of": "evaluation-platform",
} as const;

/** Requests and limits of a pod, all defaults applied. */
export interface PodResources {
  readonly cpuRequestMillis: number;
  readonly memoryRequestMiB: number;
  readonly cpuLimitMillis: number;
  readonly memoryLimitMiB: number;
  readonly gpus: number;
  readonly temporaryStorageMiB: number;
}

/** Resources of a container that may have no limit of CPU. */
export type ContainerResources = Omit<PodResources, "cpuLimitMillis"> & Partial<Pick<PodResources, "cpuLimitMillis">>;

/** The smallest blocks that a job can have: a module exports its columns, and synthesis does not run it. */
export function smallestBlocks({ batchSize = DEFAULTS.batchSize, resultColumns }: WorkerJobSettings): BlockShape {
  return { batchSize, columns: resultColumns?.length ?? 1 };
}

export function podResources(settings: WorkerJobSettings, target: NodeTarget): PodResources {
  const room = roomForPods(target);
  const alone = settings.placement === "one-per-node";
  const { cpuRequestMillis, cpuLimitMillis } = jobDefaults;
  const { evaluationMiB, spooledColumns } = defaultStorage;
  const { batchSize, columns } = smallestBlocks(settings);
  const blocks = { batchSize, columns: Math.max(columns, spooledColumns) };
  const leastMiB = leastMemoryMiB(blocks);
  const needsMore = leastMiB > jobDefaults.memoryLimitMiB;
  const defaultLimitMiB = alone ? room.memoryMiB : Math.max(leastMiB, jobDefaults.memoryLimitMiB);
  const memoryLimitMiB = settings.memoryLimitMiB ?? defaultLimitMiB;
  const memoryRequestMiB = needsMore ? Math.min(leastMiB, memoryLimitMiB) : jobDefaults.memoryRequestMiB;
  return {
    cpuRequestMillis: settings.cpuRequestMillis ?? (alone ? leastCpuForANodeAlone(target) : cpuRequestMillis),
    memoryRequestMiB: settings.memoryRequestMiB ?? memoryRequestMiB,
    cpuLimitMillis: settings.cpuLimitMillis ?? (alone ? room.cpuMillis : cpuLimitMillis),
    memoryLimitMiB,
    gpus: settings.gpus ?? (target.gpu ? 1 : 0),
    temporaryStorageMiB: settings.temporaryStorageMiB ?? evaluationMiB + spoolMiB(blocks),
  };
}

/**
 * Two pods that each request more than half of a node never share one. Required anti-affinity would have the same effect, but the
 * autoscaler's documentation calls it three orders of magnitude slower than all other predicates together.
 * @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/FAQ.md#what-are-the-service-level-objectives-for-cluster-autoscaler
 */
export function leastCpuForANodeAlone({ allocatable, largestCpuMillis = allocatable.cpuMillis }: NodeTarget): number {
  return Math.floor(largestCpuMillis / 2) + 1;
}

export interface WorkerPodProps {
  /**
   * The program: the worker of a Job, which computes the share of its index and ends; or an executor, which Kubernetes starts again
   * whenever it ends.
   */
  readonly program: "worker" | "executor";
  /** All labels of the pod, {@link workerLabels} included. */
  readonly labels: Readonly<Record<string, string>>;
  /** Labels of the pods of this Job or Deployment alone. */
  readonly ownLabels: Readonly<Record<string, string>>;
  /** Annotations beside those that every worker has. @default {} */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly image: string;
  readonly serviceAccountName: string;
  /** A ConfigMap whose entries become environment variables. @default - none */
  readonly configMapName?: string | undefined;
  readonly secretName?: string | undefined;
  readonly resources: ContainerResources;
  readonly target: Pick<NodeTarget, "nodeSelector" | "tolerations">;
  readonly placement: Placement;
}

/** The pod of one worker or executor: restricted, on its pool's nodes, with nothing writable but /tmp. */
export function workerPod(props: WorkerPodProps): Required<JobV1SpecTemplate> {
  const { program, resources, target, configMapName, secretName } = props;
  const envFrom = [
    ...(configMapName === undefined ? [] : [{ configMapRef: { name: configMapName } }]),
    ...(secretName === undefined ? [] : [{ secretRef: { name: secretName } }]),
  ];
  return {
    metadata: {
      labels: { ...props.labels },
      // The autoscaler counts the pods of a Job or a Deployment as replaceable, and would evict running ones to empty a node.
      // @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/simulator/drainability/rules/replicated/rule.go
      annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false", ...props.annotations },
    },
    spec: {
      // The Job creates the replacement pod, so that the pod failure policy applies; a restart by the kubelet would bypass it. A
      // Deployment has no such policy, and takes pods with Always only.
      restartPolicy: program === "worker" ? "Never" : "Always",
      // EC2 takes a spot instance away 120 s after the notice, and the kubelet needs some of that time.
      terminationGracePeriodSeconds: 100,
      serviceAccountName: props.serviceAccountName,
      // Workers do not use the Kubernetes API. EKS mounts a volume of its own for AWS credentials.
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      nodeSelector: { ...target.nodeSelector },
      toleration: target.tolerations.map((toleration) => ({ ...toleration })),
      ...(props.placement === "spread" && { topologySpreadConstraint: spread(props.ownLabels) }),
      ...(props.placement === "one-per-node" && { affinity: awayFromOtherWorkers() }),
      securityContext: restrictedPodSecurity(),
      container: [
        {
          name: workerContainer,
          image: props.image,
          args: [program],
          // `kubectl describe pod` then shows the last lines of the log as the reason of a failure.
          terminationMessagePolicy: "FallbackToLogsOnError",
          ...(program === "worker" && { env: [numberOfShare] }),
          ...(envFrom.length > 0 && { envFrom }),
          resources: requirements(resources),
          securityContext: restrictedContainerSecurity(),
          volumeMount: [{ name: "tmp", mountPath: "/tmp" }],
        },
      ],
      volume: [{ name: "tmp", emptyDir: { sizeLimit: mebibytes(resources.temporaryStorageMiB) } }],
    },
  };
}

/** A worker of an Indexed Job reads from it which share it computes. */
const numberOfShare = {
  name: variableName("workerId"),
  valueFrom: { fieldRef: { fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']" } },
};

function requirements(resources: ContainerResources) {
  const gpus: Record<string, string> = resources.gpus === 0 ? {} : { "nvidia.com/gpu": String(resources.gpus) };
  return {
    requests: {
      cpu: cores(resources.cpuRequestMillis),
      memory: mebibytes(resources.memoryRequestMiB),
      "ephemeral-storage": mebibytes(resources.temporaryStorageMiB),
      ...gpus,
    },
    limits: {
      ...(resources.cpuLimitMillis !== undefined && { cpu: cores(resources.cpuLimitMillis) }),
      memory: mebibytes(resources.memoryLimitMiB),
      ...gpus,
    },
  };
}

/**
 * Keeps the pods of other jobs away where possible; the requests keep away those of this job. It is a preference, since the autoscaler
 * simulates requirements only, and required anti-affinity at a thousandfold cost.
 */
function awayFromOtherWorkers(): JobV1SpecTemplateSpecAffinity {
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            topologyKey: "kubernetes.io/hostname",
            labelSelector: [{ matchLabels: { ...workerLabels } }],
          },
        },
      ],
    },
  };
}
