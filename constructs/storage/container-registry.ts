import { EcrLifecyclePolicy } from "@cdktf/provider-aws/lib/ecr-lifecycle-policy";
import { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository";
import { Construct } from "constructs";

export interface ContainerRegistryProps {
  /** Name of the repository, for example `dev/ttg-worker`. */
  readonly name: string;
  /**
   * Whether a destroy deletes the images too. It takes effect with the deploy that sets it, not with the destroy: ECR
   * refuses to delete a repository that holds images and was never told otherwise (terraform-provider-aws#33523).
   * @default false
   */
  readonly forceDelete?: boolean | undefined;
  /**
   * How many images are kept; the oldest go first. A Job that still names an older one can no longer start pods.
   * @default 100
   */
  readonly keepImages?: number | undefined;
}

/** A private repository for the worker's image. Storage is 10 cents a month for each GB. */
export class ContainerRegistry extends Construct {
  readonly repositoryName: string;
  readonly repositoryArn: string;
  /** What an image's name begins with: `<account>.dkr.ecr.<region>.amazonaws.com/<name>`. */
  readonly repositoryUrl: string;

  constructor(scope: Construct, id: string, props: ContainerRegistryProps) {
    super(scope, id);
    const repository = new EcrRepository(this, "repository", {
      name: props.name,
      // A tag is a hash of the image's content: equal names mean equal content, today and in a rerun next year.
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: [{ encryptionType: "AES256" }],
      forceDelete: props.forceDelete ?? false,
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
          expiry(2, "any", "Oldest images", { countType: "imageCountMoreThan" }, props.keepImages ?? 100),
        ],
      }),
    });
    this.repositoryName = repository.name;
    this.repositoryArn = repository.arn;
    this.repositoryUrl = repository.repositoryUrl;
  }
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
