import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { DeletionProtection } from "../constructs/support/deletion-protection.ts";
import { type ContainerImage, prebuiltImage, WorkerImage } from "../constructs/workload/worker-image.ts";
import { WorkerJob } from "../constructs/workload/worker-job.ts";
import { WorkerNamespace } from "../constructs/workload/worker-namespace.ts";
import type { AddonsStack } from "./addons-stack.ts";
import { targetOf } from "./configuration/workload-checks.ts";
import { configureKubernetes } from "./kubernetes-providers.ts";
import type { PlatformStack } from "./platform-stack.ts";
import { configureState } from "./state-backend.ts";

export interface WorkloadStackProps {
  readonly platform: PlatformStack;
  readonly addons: AddonsStack;
}

/**
 * The environment's sweeps: their namespace, the image of their workers, and a Job for each. It can be destroyed alone,
 * unless the environment is protected from deletion; the autoscaler then returns the machines, and the results stay in the bucket.
 */
export class WorkloadStack extends TerraformStack {
  readonly jobs: readonly WorkerJob[];

  constructor(scope: Construct, id: string, { platform, addons }: WorkloadStackProps) {
    super(scope, id);
    const { environment, cluster } = platform;
    configureState(this, environment);
    configureKubernetes(this, cluster, environment.region);
    this.addDependency(platform);
    // No reference leads there, but without the autoscaler pods wait for ever, and nodes stay when pods have gone.
    this.addDependency(addons);

    const namespace = new WorkerNamespace(this, "namespace", {
      name: platform.workerRole.namespace,
      serviceAccount: platform.workerRole.serviceAccount,
      kubernetesVersion: cluster.kubernetesVersion,
    });
    const { jobs } = environment.workload;
    // An environment without jobs builds nothing, and needs no Docker.
    const image = jobs.length === 0 ? undefined : this.image(platform);
    this.jobs = jobs.map((job) => {
      const target = targetOf(job, Object.values(platform.nodePools));
      if (target === undefined || image === undefined) throw new Error("a job has a pool; loadEnvironments checks it");
      return new WorkerJob(this, `job-${job.name}`, {
        ...job,
        target,
        image,
        namespace: namespace.namespace,
        serviceAccountName: namespace.serviceAccountName,
        region: environment.region,
        resultsBucket: platform.results.bucketName,
        resultsPrefix: platform.resultsPrefix,
        dependsOn: namespace.dependables,
      });
    });
    // `npm run collect` reads it.
    new TerraformOutput(this, "results", {
      value: Object.fromEntries(jobs.map(({ name }, index) => [name, this.jobs[index]?.resultsUrl])),
    });
    const { deletionProtection } = environment.cluster;
    if (deletionProtection !== undefined) {
      new DeletionProtection(this, "deletion-protection", { enabled: deletionProtection });
    }
  }

  private image({ environment, registry }: PlatformStack): ContainerImage {
    const { image, baseImage } = environment.workload;
    if (image !== undefined) return prebuiltImage(image);
    const { region } = environment;
    return new WorkerImage(this, "image", { repositoryUrl: registry.repositoryUrl, region, baseImage });
  }
}
