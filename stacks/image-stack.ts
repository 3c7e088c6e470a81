import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { type ContainerImage, prebuiltImage, WorkerImage } from "../constructs/workload/worker-image.ts";
import { evaluationChoiceOf } from "../constructs/workload/worker-job.ts";
import type { ResolvedEnvironment } from "./configuration/resolved-environment.ts";
import type { PlatformStack } from "./platform-stack.ts";
import { repository } from "./repository.ts";
import { configureState } from "./state-backend.ts";
import { lowestTerraform } from "./versions.ts";

export interface ImageStackProps {
  readonly environment: ResolvedEnvironment;
  /** The stack with the environment's registry. */
  readonly platform: PlatformStack;
}

/**
 * The image of the environment's workers, built and pushed. It is a stack of its own, deployed before the workload, for two reasons:
 * - In the workload, Terraform would destroy every replaced Job before it builds, and a build that fails would leave no Job.
 * - In the platform, every edit of an evaluation would be a change of the platform, and the first deploy would need Docker after half
 *   an hour of making a cluster.
 *
 * It is empty where there is nothing to build: without jobs, executors and services, or with an image that was built elsewhere.
 */
export class ImageStack extends TerraformStack {
  /** Undefined without jobs, executors and services. */
  readonly image: ContainerImage | undefined;

  constructor(scope: Construct, id: string, { environment, platform }: ImageStackProps) {
    super(scope, id);
    configureState(this, environment);
    this.addOverride("terraform.required_version", `>= ${lowestTerraform}`);
    this.addDependency(platform);
    this.image = this.createImage(environment, platform);
  }

  private createImage({ workload, services, region }: ResolvedEnvironment, { registry }: PlatformStack) {
    const { image, jobs, executors } = workload;
    // Services run the image of the executors, because they know all evaluations of it.
    const forExecutors = executors.length > 0 || services !== undefined;
    if (jobs.length === 0 && !forExecutors) return undefined;
    if (image.kind === "prebuilt") return prebuiltImage(image.reference);
    return new WorkerImage(this, "image", {
      repositoryUrl: registry.repositoryUrl,
      region,
      baseImage: image.baseImage,
      directory: repository,
      evaluations: jobs.map(({ settings }) => evaluationChoiceOf(settings)),
      forExecutors,
    });
  }
}
