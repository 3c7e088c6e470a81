import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import type { ExecutorSize } from "../constructs/pools/node-target.ts";
import { ExecutorScaling } from "../constructs/queue/executor-scaling.ts";
import { Executors, executorsName } from "../constructs/queue/executors.ts";
import type { WorkQueue } from "../constructs/queue/work-queue.ts";
import { serviceJobsAccount } from "../constructs/services/job-template.ts";
import type { PlatformServices } from "../constructs/services/platform-services.ts";
import { DeletionProtection } from "../constructs/support/deletion-protection.ts";
import { StartDeadline } from "../constructs/workload/start-deadline.ts";
import type { ContainerImage } from "../constructs/workload/worker-image.ts";
import { WorkerJob } from "../constructs/workload/worker-job.ts";
import { WorkerNamespace } from "../constructs/workload/worker-namespace.ts";
import type { AddonsStack } from "./addons-stack.ts";
import type { ResolvedEnvironment } from "./configuration/resolved-environment.ts";
import type { ImageStack } from "./image-stack.ts";
import { configureHelm, configureKubernetes } from "./kubernetes-providers.ts";
import type { PlatformStack } from "./platform-stack.ts";
import { createServices } from "./services.ts";
import { configureState } from "./state-backend.ts";

export interface WorkloadStackProps {
  readonly environment: ResolvedEnvironment;
  /** The stack with the environment's cluster, registry and bucket. */
  readonly platform: PlatformStack;
  /** The stack with the cluster autoscaler. */
  readonly addons: AddonsStack;
  /** The stack with the image of the workers. */
  readonly image: ImageStack;
}

/**
 * The environment's sweeps: their namespace, a Job for each, the executors for those that are submitted to a queue, and the page and API
 * for all. The stack can be destroyed alone, unless the environment is protected from deletion: the autoscaler then terminates the nodes,
 * and the results stay in the bucket.
 */
export class WorkloadStack extends TerraformStack {
  readonly jobs: readonly WorkerJob[];
  readonly executors: readonly Executors[];
  /** Undefined without services. */
  readonly services: PlatformServices | undefined;

  constructor(scope: Construct, id: string, { environment, platform, addons, image }: WorkloadStackProps) {
    super(scope, id);
    const { cluster } = platform;
    configureState(this, environment);
    configureKubernetes(this, cluster);
    // Also without executors: Terraform removes a release only with its provider, and forgets it without one, silently.
    configureHelm(this, cluster);
    this.addDependency(platform);
    // Explicit, because no reference implies it: without the autoscaler pods stay pending, and nodes stay after their pods.
    this.addDependency(addons);
    // A build that fails must stop the deploy before anything of the workload changes.
    this.addDependency(image);

    const { jobs, executors, namespace: name } = environment.workload;
    const serviceJobs = environment.services?.jobs ?? [];
    const namespace = new WorkerNamespace(this, "namespace", {
      name,
      serviceAccounts: [
        ...jobs.map(({ settings }) => platform.serviceAccountOf(settings.name)),
        ...executors.map(({ options }) => executorsName(options)),
        ...(serviceJobs.length > 0 ? [serviceJobsAccount] : []),
      ],
      kubernetesVersion: cluster.kubernetesVersion,
    });
    this.jobs = image.image === undefined ? [] : this.createJobs(environment, platform, namespace, image.image);
    this.executors =
      image.image === undefined ? [] : this.createExecutors(environment, platform, namespace, image.image);
    if (jobs.length > 0 || executors.length > 0 || serviceJobs.length > 0) {
      const [runsOn] = environment.alwaysOnPools;
      new StartDeadline(this, "start-deadline", {
        namespace: namespace.namespace,
        nodeSelector: runsOn.nodeSelector,
        dependsOn: namespace.dependables,
      });
    }
    this.services =
      image.image === undefined
        ? undefined
        : createServices(this, { environment, platform, image: image.image, dependsOn: namespace.dependables });
    // `npm run collect` reads it.
    new TerraformOutput(this, "results", {
      value: Object.fromEntries(jobs.map(({ settings }, index) => [settings.name, this.jobs[index]?.resultsUrl])),
    });
    if (executors.length > 0) this.declareExecutors(environment, platform);
    new DeletionProtection(this, "deletion-protection", { enabled: environment.cluster.deletionProtection ?? false });
  }

  private createJobs(
    environment: ResolvedEnvironment,
    platform: PlatformStack,
    namespace: WorkerNamespace,
    image: ContainerImage,
  ): WorkerJob[] {
    return environment.workload.jobs.map(
      ({ settings, target }) =>
        new WorkerJob(this, `job-${settings.name}`, {
          ...settings,
          target,
          image,
          namespace: namespace.namespace,
          serviceAccountName: platform.serviceAccountOf(settings.name),
          region: environment.region,
          resultsBucket: platform.results.bucketName,
          resultsPrefix: platform.resultsPrefixOf(settings.name),
          dependsOn: namespace.dependables,
        }),
    );
  }

  private createExecutors(
    environment: ResolvedEnvironment,
    platform: PlatformStack,
    namespace: WorkerNamespace,
    image: ContainerImage,
  ): Executors[] {
    const { region } = environment;
    return environment.workload.executors.map(({ options, target }) => {
      const name = executorsName(options);
      const place = { region, namespace: namespace.namespace, queue: this.queueOf(platform, options.size) };
      const executors = new Executors(this, name, {
        ...options,
        ...place,
        target,
        image,
        serviceAccountName: name,
        resultsRoot: platform.resultsUrlOf(platform.executorsPrefix),
        dependsOn: namespace.dependables,
      });
      new ExecutorScaling(this, `${name}-scaling`, { ...place, executors, dependsOn: [executors.resource] });
      return executors;
    });
  }

  /** `npm run submit` reads it. */
  private declareExecutors({ workload }: ResolvedEnvironment, platform: PlatformStack): void {
    const value = Object.fromEntries(
      workload.executors.map(({ options: { size, slots, max } }) => {
        const { queueUrl, deadLetterQueueUrl } = this.queueOf(platform, size);
        return [
          size,
          { queueUrl, deadLetterQueueUrl, resultsRoot: platform.resultsUrlOf(platform.executorsPrefix), slots, max },
        ];
      }),
    );
    new TerraformOutput(this, "executors", { value });
  }

  private queueOf({ workQueues }: PlatformStack, size: ExecutorSize): WorkQueue {
    const queue = workQueues.get(size);
    if (queue === undefined) throw new Error(`the platform has no queue of the size ${size}`);
    return queue;
  }
}
