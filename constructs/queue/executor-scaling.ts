import type { Release } from "@cdktf/provider-helm/lib/release";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { objectsRelease } from "../addons/objects-release.ts";
import type { Executors } from "./executors.ts";
import type { WorkQueue } from "./work-queue.ts";

/** Executors, and the queue that tells how many of them there are to be. */
export interface ExecutorScalingProps {
  readonly executors: Pick<Executors, "deploymentName" | "slots" | "max">;
  /** Namespace of the executors. */
  readonly namespace: string;
  readonly queue: Pick<WorkQueue, "queueUrl">;
  /** Region of the queue. */
  readonly region: string;
  /**
   * The Deployment of the executors: KEDA finds it when it looks for the first time, and no longer changes it when it is destroyed.
   */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * Tells KEDA to run as many executors as a queue has messages for, and none without a message. It needs `Keda` in the cluster, whose
 * identity may count the messages of the queue.
 *
 * Put it into a stack that is deployed after the one with `Keda`: KEDA alone can delete its objects, and Terraform destroys in the
 * opposite order.
 */
export class ExecutorScaling extends Construct {
  /** The underlying `helm_release`, for settings without an option here. */
  readonly resource: Release;

  constructor(scope: Construct, id: string, props: ExecutorScalingProps) {
    super(scope, id);
    this.resource = objectsRelease(this, {
      name: `${props.executors.deploymentName}-scaling`,
      namespace: props.namespace,
      objects: [authentication(props), scaledObject(props)],
      dependsOn: props.dependsOn,
    });
  }
}

/** KEDA's operator asks with its own identity. @see https://keda.sh/docs/2.20/authentication-providers/aws/ */
function authentication({ executors: { deploymentName: name }, namespace }: ExecutorScalingProps) {
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "TriggerAuthentication",
    metadata: { name, namespace },
    spec: { podIdentity: { provider: "aws" } },
  };
}

/** @see https://keda.sh/docs/2.20/reference/scaledobject-spec/ and https://keda.sh/docs/2.20/scalers/aws-sqs/ */
function scaledObject({ executors, namespace, queue, region }: ExecutorScalingProps) {
  const { deploymentName: name, slots, max } = executors;
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: { name, namespace },
    spec: {
      scaleTargetRef: { name },
      // Seconds between two looks at a queue without executors: a run waits half of it before the first machine is ordered. A look is a
      // request, and a month of them costs less than ten cents.
      pollingInterval: 15,
      // Seconds without a message before the last executor ends. The cluster autoscaler waits 5 more minutes before it returns the machine.
      cooldownPeriod: 60,
      minReplicaCount: 0,
      maxReplicaCount: max,
      advanced: {
        horizontalPodAutoscalerConfig: {
          behavior: {
            // All executors in one step: by default their number doubles every 15 s, and each step would be a purchase of machines.
            scaleUp: {
              stabilizationWindowSeconds: 0,
              policies: [{ type: "Pods", value: max, periodSeconds: 15 }],
            },
            // As many as the last 5 minutes needed at most. An end that comes sooner saves nothing, because the machine stays as long.
            scaleDown: {
              stabilizationWindowSeconds: 300,
              policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
            },
          },
        },
      },
      triggers: [
        {
          type: "aws-sqs-queue",
          metricType: "AverageValue",
          authenticationRef: { name },
          metadata: {
            queueURL: queue.queueUrl,
            awsRegion: region,
            queueLength: String(slots),
            // Messages in work count, or executors that have taken all messages would end.
            scaleOnInFlight: "true",
            // Messages that come again later count: executors delay the messages of a run whose bucket does not answer, for 15 minutes at
            // most. Without them all executors would end and start again with each attempt, and their machines with them.
            scaleOnDelayed: "true",
          },
        },
      ],
    },
  };
}
