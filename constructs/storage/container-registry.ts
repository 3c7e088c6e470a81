import { EcrLifecyclePolicy } from "@cdktf/provider-aws/lib/ecr-lifecycle-policy";
import { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository";
import { Token } from "cdktf";
import { Construct } from "constructs";
import { z } from "zod";
import { flag, type ShapeOf } from "../support/fields.ts";
import { type Problem, show, throwIfAny } from "../support/problems.ts";

/** Defaults of the options of a registry. */
export const containerRegistryDefaults = {
  forceDelete: false,
  keepImages: 1000,
} as const satisfies Partial<Omit<ContainerRegistryProps, "name">>;

/** Options of the registry. An environment sets them as `registry`. */
export interface ContainerRegistryOptions {
  /**
   * Whether a destroy also deletes the images. It takes effect with the deploy that sets it and not with the destroy: without that
   * deploy, ECR refuses to delete a repository with images (terraform-provider-aws#33523).
   * @default false
   */
  readonly forceDelete?: boolean | undefined;
}

/** Schema of the {@link ContainerRegistryOptions}. */
export const containerRegistryOptionsSchema = z.strictObject({
  forceDelete: flag({ example: true, default: containerRegistryDefaults.forceDelete }).optional(),
} satisfies ShapeOf<ContainerRegistryOptions>);

/** The registry, with its name. */
export interface ContainerRegistryProps extends ContainerRegistryOptions {
  /** Name of the repository, for example `dev/ttg-worker`. */
  readonly name: string;
  /**
   * For library users, as no environment sets it: number of images that ECR keeps, a whole number from 1. ECR deletes the oldest
   * images first, and no rule of ECR knows which of them Jobs still name: such a Job could no longer start pods. The default is more
   * than anybody builds while one Job runs. The images share all layers but the last, so that a thousand cost little more than one. A
   * deploy that builds also pushes whatever tag of a Job is missing.
   * @default 1000
   */
  readonly keepImages?: number | undefined;
}

/** A private repository for the worker's image. Storage costs 10 cents a month for each GB. */
export class ContainerRegistry extends Construct {
  /** The underlying `aws_ecr_repository`, for settings without an option here. */
  readonly resource: EcrRepository;
  /** ARN of the repository, for policies. */
  readonly repositoryArn: string;
  /** Beginning of an image's name: `<account>.dkr.ecr.<region>.amazonaws.com/<name>`. */
  readonly repositoryUrl: string;

  /** @throws InvalidConfigurationError when the number of images is not a whole number from 1. */
  constructor(scope: Construct, id: string, props: ContainerRegistryProps) {
    super(scope, id);
    const { keepImages = containerRegistryDefaults.keepImages } = props;
    throwIfAny(`container registry ${show(props.name)}`, keepImagesProblems(keepImages));
    const repository = new EcrRepository(this, "repository", {
      name: props.name,
      // A tag is a hash of the image's content. Equal names mean equal content, today and in a rerun next year.
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: [{ encryptionType: "AES256" }],
      forceDelete: props.forceDelete ?? containerRegistryDefaults.forceDelete,
    });
    // A worker's image is an index with a tag and, for each platform, an image without one. ECR keeps an image as long as an index
    // refers to it; without its index it is an untagged image like any other. The second rule counts tags, because with "any" it would
    // count the parts too, and keep a third of the images.
    // @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html "Lifecycle policy evaluation rules"
    const untagged = { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days" };
    const tagged = { tagStatus: "tagged", tagPatternList: ["*"], countType: "imageCountMoreThan" };
    new EcrLifecyclePolicy(this, "lifecycle-policy", {
      repository: repository.name,
      policy: JSON.stringify({
        rules: [
          expiry(1, "Remains of interrupted pushes, and parts of expired images", untagged, 7),
          expiry(2, "Oldest images", tagged, keepImages),
        ],
      }),
    });
    this.resource = repository;
    this.repositoryArn = repository.arn;
    this.repositoryUrl = repository.repositoryUrl;
  }
}

function keepImagesProblems(keepImages: number): Problem[] {
  if (Token.isUnresolved(keepImages) || (Number.isInteger(keepImages) && keepImages >= 1)) return [];
  const fix = "use for example 1000";
  return [{ path: ["keepImages"], allowed: "a whole number from 1", got: show(keepImages), fix }];
}

function expiry(rulePriority: number, description: string, selection: object, countNumber: number) {
  return { rulePriority, description, selection: { ...selection, countNumber }, action: { type: "expire" } };
}
