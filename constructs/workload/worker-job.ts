import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { JobV1, type JobV1SpecPodFailurePolicyRule } from "@cdktf/provider-kubernetes/lib/job-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { EXIT_CODE, toEnvironment } from "sweep-worker/contract";
import type { NodeTarget } from "../pools/node-target.ts";
import { show, throwIfAny } from "../support/problems.ts";
import type { ContainerImage } from "./worker-image.ts";
import { workerJobProblems } from "./worker-job-problems.ts";
import { maxFailedIndexes, podResources, type WorkerJobSettings } from "./worker-job-settings.ts";
import { workerContainer, workerLabels, workerPod } from "./worker-pod.ts";
import { runNameOf, shortHash, workerConfigurationOf } from "./worker-run.ts";

export interface WorkerJobProps extends WorkerJobSettings {
  /** The pool it runs on, or all pools of an executor size (`executorsOfSize`). */
  readonly target: NodeTarget;
  readonly namespace: string;
  /** A service account whose identity may write below {@link resultsPrefix}. */
  readonly serviceAccountName: string;
  readonly image: ContainerImage;
  /** Region of the bucket. */
  readonly region: string;
  readonly resultsBucket: string;
  /** What keys of results begin with, for example `runs/`. */
  readonly resultsPrefix: string;
  /** What must outlive the pods, for example the network policy that lets them reach the bucket. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * A sweep as an Indexed Job: one pod for each share of the parameters, started again where it left off until the share is
 * complete. A change of anything but the parallelism makes another Job, which resumes the run if it is the same run.
 */
export class WorkerJob extends Construct {
  /** The Job's name, a hash of its content included. */
  readonly jobName: string;
  /** Where the results are: `s3://<bucket>/<prefix><run>`. */
  readonly resultsUrl: string;

  /** @throws InvalidConfigurationError that names everything {@link workerJobProblems} finds. */
  constructor(scope: Construct, id: string, props: WorkerJobProps) {
    super(scope, id);
    const { name, namespace, image, target, workers, resultsPrefix } = props;
    throwIfAny(`worker job ${show(name)}`, workerJobProblems(props, target));

    const run = `${resultsPrefix}${runNameOf(props, image.contentHash)}`;
    this.resultsUrl = `s3://${props.resultsBucket}/${run}`;
    const environment = (resultsUrl: string) => ({
      ...toEnvironment(workerConfigurationOf(props, resultsUrl)),
      // The SDK finds it elsewhere only by asking the instance's metadata, which pods cannot reach.
      AWS_REGION: props.region,
    });
    const pod = (image: string, jobName: string) =>
      workerPod({
        labels: { ...workerLabels, "app.kubernetes.io/name": name, "app.kubernetes.io/instance": jobName },
        ownLabels: { "app.kubernetes.io/instance": jobName },
        image,
        serviceAccountName: props.serviceAccountName,
        configMapName: jobName,
        secretName: props.secretName,
        resources: podResources(props, target),
        target,
        placement: props.placement ?? "spread",
      });
    const spec = {
      completionMode: "Indexed",
      completions: workers,
      // Both, always: the provider sends 0 for the one that is left out, and the first failure ends the Job.
      // @see https://github.com/hashicorp/terraform-provider-kubernetes/blob/v2.38.0/kubernetes/structure_job.go
      backoffLimitPerIndex: props.backoffLimitPerIndex ?? 6,
      maxFailedIndexes: maxFailedIndexes(props),
      // Without it the provider sends 6, for all workers together (terraform-provider-kubernetes#2861).
      backoffLimit: 2 ** 31 - 1,
      podFailurePolicy: { rule: podFailureRules() },
    };
    // The template of a Job never changes, and the provider loses some changes of its metadata without a word
    // (terraform-provider-kubernetes#2586): other content is another name, hence another Job. Of the image and the bucket
    // the hash takes what is known at synth.
    const hash = shortHash([environment(run), pod(image.contentHash, ""), spec]);
    this.jobName = `${name}-${hash}`;
    const labels = { ...workerLabels, "app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "terraform" };
    const configMap = new ConfigMapV1(this, "config", {
      metadata: { name: this.jobName, namespace, labels },
      data: environment(this.resultsUrl),
      // Pods that start later read what the first ones read.
      immutable: true,
      dependsOn: [...props.dependsOn],
    });
    new JobV1(this, "job", {
      metadata: { name: this.jobName, namespace, labels },
      spec: {
        ...spec,
        parallelism: props.parallelism ?? workers,
        template: pod(image.reference, this.jobName),
        // No TTL: a Job that has deleted itself is created again by the next deploy (terraform-provider-kubernetes#2531).
      },
      // It runs for minutes or days; `sweep status` and `kubectl get job` say how far it is.
      waitForCompletion: false,
      // Pods have 100 s to end, and Terraform waits for the last. The provider's own limit is one minute.
      timeouts: { create: "5m", update: "5m", delete: "15m" },
      dependsOn: [configMap, ...image.dependables, ...props.dependsOn],
    });
  }
}

/** @see https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy */
function podFailureRules(): JobV1SpecPodFailurePolicyRule[] {
  return [
    // First, since a worker that is interrupted also ends with an exit code: spot, drain and preemption are not failures.
    { action: "Ignore", onPodCondition: [{ type: "DisruptionTarget", status: "True" }] },
    {
      // What another attempt would not cure; the other workers go on.
      action: "FailIndex",
      onExitCodes: {
        // The API could do without; the provider then ends with a nil dereference when it reads the Job back.
        containerName: workerContainer,
        operator: "In",
        values: [EXIT_CODE.PERMANENT],
      },
    },
  ];
}
