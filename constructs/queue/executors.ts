import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { DeploymentV1 } from "@cdktf/provider-kubernetes/lib/deployment-v1";
import { Annotations, Fn, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { toEnvironment, withExecutorDefaults } from "sweep-worker/contract";
import type { NodeTarget } from "../pools/node-target.ts";
import { show, throwIfAny } from "../support/problems.ts";
import type { ContainerImage } from "../workload/worker-image.ts";
import { workerLabels, workerPod } from "../workload/worker-pod.ts";
import { executorsRemark } from "./executors-machines.ts";
import { type ExecutorsOptions, executorsWithDefaults } from "./executors-options.ts";
import { executorResources, executorsProblems } from "./executors-problems.ts";
import type { WorkQueue } from "./work-queue.ts";

/** Annotation of an executor's pod: a hash of its environment variables, which a running executor does not read again. */
export const settingsAnnotation = "evaluation-platform/settings-sha256";

/** Executors, their nodes and their queue. */
export interface ExecutorsProps extends ExecutorsOptions {
  /** All pools of the size (`executorsOfSize`). */
  readonly target: NodeTarget;
  readonly namespace: string;
  /** A service account whose identity may work on the queue's messages and write below {@link resultsRoot}. */
  readonly serviceAccountName: string;
  /** A `WorkerImage` belongs into a stack that is deployed before the executors. */
  readonly image: ContainerImage;
  /** Region of the bucket and the queue. */
  readonly region: string;
  readonly queue: Pick<WorkQueue, "queueUrl">;
  /** The place of all runs, for example `s3://<bucket>/runs/queue`. */
  readonly resultsRoot: string;
  /** Resources that must outlive the pods, for example the network policy that lets them reach the bucket. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** The name of the Deployment, of its autoscaling and of the service account of a size. */
export function executorsName({ size }: Pick<ExecutorsOptions, "size">): string {
  return `executor-${size}`;
}

/**
 * Executors of one size: a Deployment of pods that work on the messages of a queue. It has no pods until {@link ExecutorScaling} changes
 * its number of replicas.
 *
 * Executors end like workers: on SIGTERM they commit what is finished, and send the rest back. Kubernetes deletes a Deployment before its
 * pods, and Terraform does not wait for them; their namespace ends after the last one.
 */
export class Executors extends Construct {
  /** The underlying `kubernetes_deployment_v1`, for settings without an option here. */
  readonly resource: DeploymentV1;
  /** Name of the Deployment. */
  readonly deploymentName: string;
  /** Number of messages that an executor works on at the same time. */
  readonly slots: number;
  /** Executors at most. */
  readonly max: number;

  /** @throws InvalidConfigurationError with everything that {@link executorsProblems} finds. */
  constructor(scope: Construct, id: string, props: ExecutorsProps) {
    super(scope, id);
    const { namespace, target } = props;
    const name = executorsName(props);
    throwIfAny(`executors ${show(props.size)}`, executorsProblems(props, target));
    const { isWarning, text } = executorsRemark(props, target);
    // `cdktf synth`, `deploy` and `diff` print it, and `npm run diff` puts it into its report.
    Annotations.of(this)[isWarning ? "addWarning" : "addInfo"](`${name}: ${text}`);
    const { slots, max } = executorsWithDefaults(props, target);
    this.deploymentName = name;
    this.slots = slots;
    this.max = max;

    // A Job that is called `executor` has no such label: its name ends with hexadecimal digits.
    const ownLabels = { "app.kubernetes.io/instance": name };
    const labels = { ...workerLabels, "app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "terraform" };
    const configMap = new ConfigMapV1(this, "config", {
      metadata: { name, namespace, labels },
      data: executorVariables(props),
      dependsOn: [...props.dependsOn],
    });
    this.resource = new DeploymentV1(this, "deployment", {
      metadata: { name, namespace, labels },
      spec: {
        // Left out, Kubernetes would take it for 1 and buy a machine.
        replicas: "0",
        selector: { matchLabels: ownLabels },
        // An update replaces all executors at once: each hands back what it works on. Additional ones would buy machines.
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "0", maxUnavailable: "100%" } },
        template: workerPod({
          program: "executor",
          labels: { ...workerLabels, "app.kubernetes.io/name": name, ...ownLabels },
          ownLabels,
          // Terraform computes it, so that it also changes with addresses that only Terraform knows.
          annotations: { [settingsAnnotation]: Fn.sha256(Fn.jsonencode(configMap.interpolationForAttribute("data"))) },
          image: props.image.reference,
          serviceAccountName: props.serviceAccountName,
          configMapName: name,
          resources: executorResources(props, target),
          target,
          // Few full nodes end sooner than many half empty ones.
          placement: "pack",
        }),
      },
      // Executors may wait for machines longer than anybody waits for a deploy.
      waitForRollout: false,
      // Otherwise each deploy during a run would end all executors (terraform-provider-kubernetes#584).
      lifecycle: { ignoreChanges: ["spec[0].replicas"] },
      dependsOn: [configMap, ...props.dependsOn],
    });
  }
}

/** Environment variables of an executor. They include the defaults, so that the ConfigMap shows all of them. */
function executorVariables(props: ExecutorsProps): Record<string, string> {
  const { slots, sliceSeconds } = executorsWithDefaults(props, props.target);
  const { queue, resultsRoot } = props;
  return {
    ...toEnvironment(
      withExecutorDefaults({ queueUrl: queue.queueUrl, resultsRoot, executorSlots: slots, sliceSeconds }),
    ),
    // Without it the SDK asks the instance's metadata, which pods cannot reach.
    AWS_REGION: props.region,
  };
}
