import { createHash } from "node:crypto";
import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { JobV1 } from "@cdktf/provider-kubernetes/lib/job-v1";
import { Annotations, type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import {
  RESULTS_FORMAT,
  RUN_HASH_LENGTH,
  runHash,
  toEnvironment,
  type WorkerSettings,
  withDefaults,
} from "sweep-worker/contract";
import type { NodeTarget } from "../pools/node-target.ts";
import { show, throwIfAny } from "../support/problems.ts";
import { terraformTexts } from "../support/terraform-text.ts";
import { indexedJobSpec } from "./indexed-job.ts";
import { machinesRemark } from "./job-machines.ts";
import type { ContainerImage, EvaluationChoice } from "./worker-image.ts";
import { workerJobProblems } from "./worker-job-problems.ts";
import { jobDefaults, type WorkerJobSettings, workerSettingNames } from "./worker-job-settings.ts";
import { podResources, workerLabels, workerPod } from "./worker-pod.ts";

/** Annotations of a Job. */
export const jobAnnotations = {
  /** Name of the run that it computes. */
  run: "evaluation-platform/run",
  /** The evaluation's part of the run's identity. */
  evaluationSha256: "evaluation-platform/evaluation-sha256",
  /** The setting `restart`. */
  restart: "evaluation-platform/restart",
} as const;

export interface WorkerJobProps extends WorkerJobSettings {
  /** The pool that it runs on, or all pools of an executor size (`executorsOfSize`). */
  readonly target: NodeTarget;
  readonly namespace: string;
  /** A service account whose identity may write below {@link resultsPrefix}. */
  readonly serviceAccountName: string;
  /** A `WorkerImage` belongs into a stack that is deployed before the Job. */
  readonly image: ContainerImage;
  /** Region of the bucket. */
  readonly region: string;
  readonly resultsBucket: string;
  /** Prefix of the keys of results, for example `runs/`. */
  readonly resultsPrefix: string;
  /** Resources that must outlive the pods, for example the network policy that lets them reach the bucket. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * A sweep as an Indexed Job: one pod for each share of the parameters, started again where it stopped until the share is complete. A
 * change of anything but the parallelism makes another Job. The new Job continues the run, unless the change is one that changes
 * results.
 */
export class WorkerJob extends Construct {
  /** Name of the Job, which ends with a hash of its content. */
  readonly jobName: string;
  /** Where the results are: `s3://<bucket>/<prefix><run>`. */
  readonly resultsUrl: string;

  /** @throws InvalidConfigurationError with everything that {@link workerJobProblems} finds. */
  constructor(scope: Construct, id: string, props: WorkerJobProps) {
    super(scope, id);
    const { name, namespace, image, target, workers, resultsPrefix } = props;
    throwIfAny(`worker job ${show(name)}`, workerJobProblems(props, target));
    const { isWarning, text } = machinesRemark(props, target);
    // `cdktf synth`, `deploy` and `diff` print it, and `npm run diff` puts it into its report.
    Annotations.of(this)[isWarning ? "addWarning" : "addInfo"](`${name}: ${text}`);

    const choice = evaluationChoiceOf(props);
    const runName = runNameOf(props, image);
    const run = `${resultsPrefix}${runName}`;
    this.resultsUrl = `s3://${props.resultsBucket}/${run}`;
    const variables = (resultsUrl: string) => ({
      ...toEnvironment(workerSettingsOf(props, resultsUrl)),
      // Without it the SDK asks the instance's metadata, which pods cannot reach.
      AWS_REGION: props.region,
    });
    const pod = (image: string, jobName: string) =>
      workerPod({
        program: "worker",
        labels: { ...workerLabels, "app.kubernetes.io/name": name, "app.kubernetes.io/instance": jobName },
        ownLabels: { "app.kubernetes.io/instance": jobName },
        image,
        serviceAccountName: props.serviceAccountName,
        configMapName: jobName,
        secretName: props.secretName,
        resources: podResources(props, target),
        target,
        placement: props.placement ?? jobDefaults.placement,
      });
    const spec = indexedJobSpec(props);
    // The template of a Job never changes, and the provider loses some changes of its metadata without an error
    // (terraform-provider-kubernetes#2586): therefore other content gets another name, which is another Job. For the image and the
    // bucket the hash takes the part that synthesis knows.
    const hash = shortHash([
      variables(run),
      pod(image.contentHashFor(choice), ""),
      spec,
      props.restart ?? jobDefaults.restart,
    ]);
    this.jobName = `${name}-${hash}`;
    const labels = { ...workerLabels, "app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "terraform" };
    const configMap = new ConfigMapV1(this, "config", {
      metadata: { name: this.jobName, namespace, labels },
      data: terraformTexts(variables(this.resultsUrl)),
      // Pods that start later read the same values as the first ones.
      immutable: true,
      dependsOn: [...props.dependsOn],
    });
    const { evaluationSha256 } = image.evaluationIdentity(choice);
    // `kubectl describe job` shows them, and `npm run diff` tells with them why a Job is another one, and where it starts.
    const annotations = {
      [jobAnnotations.run]: runName,
      [jobAnnotations.evaluationSha256]: evaluationSha256,
      [jobAnnotations.restart]: String(props.restart ?? jobDefaults.restart),
    };
    new JobV1(this, "job", {
      metadata: { name: this.jobName, namespace, labels, annotations },
      spec: {
        ...spec,
        parallelism: props.parallelism ?? workers,
        template: pod(image.referenceFor(choice), this.jobName),
        // No TTL: the next deploy would create a Job again that has deleted itself (terraform-provider-kubernetes#2531).
      },
      // A Job runs for minutes or days; `sweep status` and `kubectl get job` show its progress.
      waitForCompletion: false,
      // Terraform waits for the last pod, and pods have 100 s to end. The provider's own limit is one minute.
      timeouts: { create: "5m", update: "5m", delete: "15m" },
      dependsOn: [configMap, ...props.dependsOn],
    });
  }
}

/** The evaluation of a job, which is the worker's default where the job names none. */
export function evaluationChoiceOf(settings: WorkerJobSettings): EvaluationChoice {
  const { evaluation, evaluationCommand } = withDefaults(settings);
  return { evaluation, evaluationCommand };
}

/** The settings that all workers of a sweep share. Each worker adds its own number. */
export function workerSettingsOf(settings: WorkerJobSettings, resultsUrl: string): Partial<WorkerSettings> {
  const given: Partial<WorkerSettings> = Object.fromEntries(workerSettingNames.map((name) => [name, settings[name]]));
  // With the defaults, so that a ConfigMap shows what its workers do, also after the defaults have changed.
  const { evaluation, ...others } = withDefaults(given);
  return {
    ...others,
    ...(settings.evaluationCommand === undefined && { evaluation }),
    totalWorkers: settings.workers,
    resultsUrl,
  };
}

/**
 * Name of a sweep's results below the prefix, derived from everything that decides them, as on a laptop. The number of workers, their
 * machines and the version of the worker do not decide them: a sweep continues when those change.
 */
function runNameOf(settings: WorkerJobSettings, image: ContainerImage): string {
  if (settings.runName !== undefined) return settings.runName;
  const { totalParameters, batchSize, seed, resultColumns } = withDefaults(settings);
  const hash = runHash({
    format: RESULTS_FORMAT,
    ...image.evaluationIdentity(evaluationChoiceOf(settings)),
    // The columns of a module are in its bundle, and known only when it runs.
    columns: resultColumns ?? [],
    totalParameters,
    batchSize,
    seed,
  });
  return `${settings.name}-${hash}`;
}

/**
 * Hexadecimal digits of SHA-256 over a value as JSON, as many as the name of a run has.
 * @throws Error if Terraform knows a part of it only later: its placeholder would be another at every synthesis.
 */
function shortHash(value: unknown): string {
  const text = JSON.stringify(value);
  if (Token.isUnresolved(text)) throw new Error(`a hash needs values that are known at synth, got ${text}`);
  return createHash("sha256").update(text).digest("hex").slice(0, RUN_HASH_LENGTH);
}
