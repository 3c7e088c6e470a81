import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join, parse } from "node:path";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { bundleEvaluation, type RunIdentity, type WorkerSettings } from "sweep-worker/contract";
import { oneOf, type Problem, show, throwIfAny, within } from "../support/problems.ts";
import { TerraformData } from "../support/terraform-data.ts";
import { commandContentHash, imageContentHash, isContent } from "./image-content.ts";
import { imageProblems } from "./image-reference.ts";

/** The settings that choose an evaluation. */
export type EvaluationChoice = Required<Pick<WorkerSettings, "evaluation" | "evaluationCommand">>;
/** The part of a run's identity that the evaluation decides. */
export type EvaluationIdentity = Pick<RunIdentity, "evaluation" | "evaluationSha256">;

/** An image that pods can run. */
export interface ContainerImage {
  /** Reference for a pod, for example `111122223333.dkr.ecr.us-west-2.amazonaws.com/dev/ttg-worker:0123456789abcdef`. */
  readonly reference: string;
  /** The same text for the same content, known at synthesis: a part of the hash that names a Job. */
  readonly contentHash: string;
  /** Resources that must exist before a pod can pull it. */
  readonly dependables: readonly ITerraformDependable[];
  /**
   * The identity of one of its evaluations, known at synthesis: a part of the hash that names a run. The image answers, because it
   * alone knows where an evaluation comes from: only a change of the evaluation renames a run, not a change of the worker around it.
   */
  evaluationIdentity(choice: EvaluationChoice): EvaluationIdentity;
}

export interface WorkerImageProps {
  /** Repository that it is pushed to, for example `111122223333.dkr.ecr.us-west-2.amazonaws.com/dev/ttg-worker`. */
  readonly repositoryUrl: string;
  /** Region of the registry. */
  readonly region: string;
  /**
   * Image to build on, for evaluations that are programs in other languages: Debian 12 or newer, or another image with its glibc.
   * @default - that of worker/Dockerfile: distroless, without a shell
   */
  readonly baseImage?: string | undefined;
  /** Path of a clone of this repository, with worker/Dockerfile in it. The package of the constructs does not contain it. */
  readonly directory: string;
}

/**
 * The worker's image, built from this repository. Its tag is a hash of its content: equal content has an equal tag, and no
 * diff. `cdktf deploy` builds and pushes it (worker/publish-image.mjs) if the registry does not have the tag.
 */
export class WorkerImage extends Construct implements ContainerImage {
  readonly reference: string;
  readonly contentHash: string;
  readonly dependables: readonly ITerraformDependable[];
  private readonly directory: string;
  private readonly baseImage: string | undefined;

  /** @throws InvalidConfigurationError if the base image is not the name of one. */
  constructor(scope: Construct, id: string, props: WorkerImageProps) {
    super(scope, id);
    const { repositoryUrl, region, baseImage, directory } = props;
    if (baseImage !== undefined) throwIfAny("worker image", within(["baseImage"], imageProblems(baseImage)));
    this.directory = directory;
    this.baseImage = baseImage;
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
          // Terraform runs in cdktf.out/stacks/<stack>. A relative path, since synthesized files name no folder of a machine.
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

  /**
   * For a module, the hash of its bundle, which `run.json` shows too. For a program in another language, the hash of its command line,
   * its files and the base image.
   *
   * @throws InvalidConfigurationError if the image has no such evaluation.
   * @throws PermanentError if the evaluation does not compile.
   */
  evaluationIdentity({ evaluation = "", evaluationCommand }: EvaluationChoice): EvaluationIdentity {
    if (evaluationCommand !== undefined) {
      const evaluationSha256 = commandContentHash(this.directory, evaluationCommand, this.baseImage);
      return { evaluation: evaluationCommand, evaluationSha256 };
    }
    const files = evaluationFiles(this.directory);
    throwIfAny("worker image", within(["evaluation"], evaluationProblems(evaluation, [...files.keys()])));
    return { evaluation, evaluationSha256: bundleEvaluation(files.get(evaluation) as string).sha256 };
  }
}

/**
 * The modules in `worker/evaluations` by the names of their evaluations. A pod looks for `<name>.mjs`, which the build makes of a
 * module in TypeScript; it finds no file with another ending.
 *
 * @param directory a clone of this repository.
 */
export function evaluationFiles(directory: string): ReadonlyMap<string, string> {
  const folder = join(directory, "worker/evaluations");
  const modules = readdirSync(folder)
    .filter(isContent)
    .map(parse)
    .filter(({ ext }) => [".mjs", ".ts"].includes(ext));
  return new Map(modules.map(({ name, base }) => [name, join(folder, base)]));
}

/** The problem of an evaluation that a built image lacks. Its pods would fail minutes later, on paid machines. */
export function evaluationProblems(evaluation: string, names: readonly string[]): Problem[] {
  if (names.includes(evaluation)) return [];
  const fix = "put its file into worker/evaluations and name it without folder and ending";
  return [{ path: [], allowed: oneOf(names.map(show)), got: show(evaluation), fix }];
}

/**
 * An image that was built elsewhere, for example by CI. Its evaluations are not in this repository: therefore another reference is
 * another run.
 * @throws InvalidConfigurationError if it is not the name of an image with a tag or a digest.
 */
export function prebuiltImage(reference: string): ContainerImage {
  throwIfAny("worker image", within(["reference"], imageProblems(reference)));
  return {
    reference,
    contentHash: reference,
    dependables: [],
    evaluationIdentity: ({ evaluation = "", evaluationCommand }) => ({
      evaluation: evaluationCommand ?? evaluation,
      evaluationSha256: createHash("sha256")
        .update(JSON.stringify([reference, evaluationCommand]))
        .digest("hex"),
    }),
  };
}
