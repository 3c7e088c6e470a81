import { join } from "node:path";
import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import { type Problem, show, throwIfAny, within } from "../support/problems.ts";
import { TerraformData } from "../support/terraform-data.ts";
import { imageContentHash } from "./image-content.ts";

/** An image that pods can run. */
export interface ContainerImage {
  /** What a pod names, for example `111122223333.dkr.ecr.us-west-2.amazonaws.com/dev/ttg-worker:0123456789abcdef`. */
  readonly reference: string;
  /** The same text for the same content, known at synth: a part of the hash that names a Job. */
  readonly contentHash: string;
  /** What must have happened before a pod can pull it. */
  readonly dependables: readonly ITerraformDependable[];
}

export interface WorkerImageProps {
  /** Where it is pushed to, for example `111122223333.dkr.ecr.us-west-2.amazonaws.com/dev/ttg-worker`. */
  readonly repositoryUrl: string;
  /** Region of the registry. */
  readonly region: string;
  /**
   * The image it stands on, for evaluations that are programs in other languages; Debian 12 or newer, or what has its glibc.
   * @default - that of worker/Dockerfile: distroless, without a shell
   */
  readonly baseImage?: string | undefined;
  /**
   * The repository, with worker/Dockerfile in it.
   * @default - this one
   */
  readonly directory?: string | undefined;
}

/**
 * The worker's image, made of this repository. Its tag is a hash of its content: equal content is an equal tag, and no
 * diff. `cdktf deploy` builds and pushes it (worker/publish-image.mjs) when the registry does not have the tag.
 */
export class WorkerImage extends Construct implements ContainerImage {
  readonly reference: string;
  readonly contentHash: string;
  readonly dependables: readonly ITerraformDependable[];

  /** @throws InvalidConfigurationError for a base image that is not the name of one. */
  constructor(scope: Construct, id: string, props: WorkerImageProps) {
    super(scope, id);
    const { repositoryUrl, region, baseImage, directory = join(__dirname, "../..") } = props;
    if (baseImage !== undefined) throwIfAny("worker image", within(["baseImage"], imageProblems(baseImage)));
    const buildArguments: Record<string, string> = baseImage === undefined ? {} : { BASE_IMAGE: baseImage };
    this.contentHash = imageContentHash(directory, buildArguments).slice(0, 16);
    this.reference = `${repositoryUrl}:${this.contentHash}`;
    const publication = new TerraformData(this, "publication", {
      // A provisioner runs when its resource is created, and another reference makes another resource.
      triggersReplace: { reference: this.reference },
      provisioners: [
        {
          type: "local-exec",
          // No Terraform resource builds an image; the Docker providers need a daemon even for a plan.
          command: "node worker/publish-image.mjs",
          // Terraform runs in cdktf.out/stacks/<stack>. Relative, as no path of a machine belongs in what is synthesized.
          workingDir: "../../..",
          environment: {
            IMAGE_REFERENCE: this.reference,
            IMAGE_REGION: region,
            IMAGE_BUILD_ARGUMENTS: JSON.stringify(buildArguments),
          },
        },
      ],
    });
    this.dependables = [publication];
  }
}

/**
 * An image that was built elsewhere, by CI for example.
 * @throws InvalidConfigurationError when it is not the name of an image with a tag or a digest.
 */
export function prebuiltImage(reference: string): ContainerImage {
  throwIfAny("worker image", imageProblems(reference));
  return { reference, contentHash: reference, dependables: [] };
}

/**
 * What is wrong with the name of an image. Without a tag or a digest it would mean `latest`, another image every day.
 * @see https://github.com/distribution/reference/blob/main/reference.go
 */
export function imageProblems(reference: string): Problem[] {
  const image = /^([a-z0-9.-]+(:\d+)?\/)?[a-z0-9._/-]+(:(?!latest$)[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/;
  if (Token.isUnresolved(reference)) return [];
  if (image.test(reference) && /(:[\w.-]+|@sha256:[0-9a-f]{64})$/.test(reference)) return [];
  return [
    {
      path: [],
      what: "does not name one image for good",
      got: show(reference),
      allowed: "<repository>:<tag>, <repository>@sha256:<digest> or both, and not the tag latest",
      fix: 'use for example "docker.io/library/python:3.13-slim-bookworm"',
    },
  ];
}
