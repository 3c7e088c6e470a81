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
  keepImages: 100,
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
   * images first, and a Job that still names one of them can no longer start pods.
   * @default 100
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
    new EcrLifecyclePolicy(this, "lifecycle-policy", {
      repository: repository.name,
      policy: JSON.stringify({
        rules: [
          expiry(
            1,
            "untagged",
            "Layers of interrupted pushes",
            { countType: "sinceImagePushed", countUnit: "days" },
            7,
          ),
          expiry(2, "any", "Oldest images", { countType: "imageCountMoreThan" }, keepImages),
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
  const fix = "use for example 100";
  return [{ path: ["keepImages"], allowed: "a whole number from 1", got: show(keepImages), fix }];
}

function expiry(
  rulePriority: number,
  tagStatus: string,
  description: string,
  count: Record<string, string>,
  countNumber: number,
) {
  return {
    rulePriority,
    description,
    selection: { tagStatus, ...count, countNumber },
    action: { type: "expire" },
  };
}
