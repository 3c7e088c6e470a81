import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join, parse } from "node:path";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { bundleEvaluation, type EvaluationBundle, type RunIdentity, type WorkerSettings } from "sweep-worker/contract";
import { oneOf, type Problem, show, throwIfAny, within } from "../support/problems.ts";
import { TerraformData } from "../support/terraform-data.ts";
import {
  commandContentHash,
  imageContentHash,
  isContent,
  mentionedContentHash,
  mentions,
  workerContentHash,
} from "./image-content.ts";
import { imageProblems } from "./image-reference.ts";

/** The settings that choose an evaluation. */
export type EvaluationChoice = Required<Pick<WorkerSettings, "evaluation" | "evaluationCommand">>;
/** The part of a run's identity that the evaluation decides. */
export type EvaluationIdentity = Pick<RunIdentity, "evaluation" | "evaluationSha256">;

/** An image that pods can run. */
export interface ContainerImage {
  /**
   * Its reference for pods that run any of its evaluations, such as executors. It changes with all of the image's content.
   */
  readonly reference: string;
  /**
   * Its reference for the pods of a job, for example `111122223333.dkr.ecr.us-west-2.amazonaws.com/dev/ttg-worker:0123456789abcdef`. It
   * changes with what the job runs: a change of another evaluation leaves the job's pods as they are.
   */
  referenceFor(choice: EvaluationChoice): string;
  /** The same text for the same content, as far as a job runs it, known at synthesis: a part of the hash that names a Job. */
  contentHashFor(choice: EvaluationChoice): string;
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
  /** The evaluations of all jobs that run the image. The registry gets a tag for each. */
  readonly evaluations: readonly EvaluationChoice[];
  /**
   * Whether executors run the image. They run any evaluation, so that the registry gets a tag for all of its content, too.
   * @default false
   */
  readonly forExecutors?: boolean | undefined;
  /**
   * Image to build on, for evaluations that are programs in other languages: Debian 12 or newer, or another image with its glibc.
   * @default - that of worker/Dockerfile: distroless, without a shell
   */
  readonly baseImage?: string | undefined;
  /** Path of a clone of this repository, with worker/Dockerfile in it. The package of the constructs does not contain it. */
  readonly directory: string;
}

/**
 * The worker's image, built from this repository. A tag is a hash of what a job runs: the worker and the job's own evaluation. Equal
 * content has an equal tag, and no diff. A deploy builds the image once and pushes it with every tag that the registry lacks
 * (worker/publish-image.mjs).
 *
 * Put it into a stack that is deployed before the one with its Jobs. Within one stack Terraform destroys a replaced Job before it
 * builds the image of the new one, and a build that fails leaves neither.
 */
export class WorkerImage extends Construct implements ContainerImage {
  /** The build and the push. */
  readonly publication: ITerraformDependable;
  private readonly props: WorkerImageProps;
  private readonly buildArguments: Readonly<Record<string, string>>;
  private readonly version: string;
  private readonly workerHash: string;
  private readonly bundles = new Map<string, EvaluationBundle>();

  /**
   * @throws InvalidConfigurationError if the base image is not the name of one, or the image has no such evaluation.
   * @throws PermanentError if an evaluation does not compile.
   */
  constructor(scope: Construct, id: string, props: WorkerImageProps) {
    super(scope, id);
    const { region, baseImage, directory } = props;
    if (baseImage !== undefined) throwIfAny("worker image", within(["baseImage"], imageProblems(baseImage)));
    this.props = props;
    this.buildArguments = baseImage === undefined ? {} : { BASE_IMAGE: baseImage };
    // First, because it explains a link that the build cannot follow, which ends reading the evaluations.
    this.version = shortened(imageContentHash(directory, this.buildArguments));
    this.workerHash = workerContentHash(directory, this.buildArguments);
    const ofJobs = props.evaluations.map((choice) => this.referenceFor(choice));
    const references = [...new Set(props.forExecutors ? [...ofJobs, this.reference] : ofJobs)].sort();
    this.publication = new TerraformData(this, "publication", {
      // A provisioner runs when its resource is created, and other references make another resource.
      triggersReplace: { references },
      provisioners: [
        {
          type: "local-exec",
          // No Terraform resource builds an image; the Docker providers need a daemon even for a plan.
          command: "node worker/publish-image.mjs",
          // Terraform runs in cdktf.out/stacks/<stack>. A relative path, since synthesized files name no folder of a machine.
          workingDir: "../../..",
          environment: {
            IMAGE_REFERENCES: references.join(" "),
            IMAGE_REGION: region,
            IMAGE_VERSION: this.version,
            IMAGE_BUILD_ARGUMENTS: JSON.stringify(this.buildArguments),
          },
        },
      ],
    });
  }

  /** @throws InvalidConfigurationError if the image is not {@link WorkerImageProps.forExecutors}. */
  get reference(): string {
    const { forExecutors, repositoryUrl } = this.props;
    const fix = "set it, so that the registry gets the tag that executors run";
    const problem = {
      path: ["forExecutors"],
      allowed: "true where executors run the image",
      got: show(forExecutors),
      fix,
    };
    throwIfAny("worker image", forExecutors ? [] : [problem]);
    return `${repositoryUrl}:${this.version}`;
  }

  referenceFor(choice: EvaluationChoice): string {
    return `${this.props.repositoryUrl}:${this.contentHashFor(choice)}`;
  }

  contentHashFor(choice: EvaluationChoice): string {
    const { evaluationSha256 } = this.evaluationIdentity(choice);
    const content = [this.workerHash, evaluationSha256, this.filesHash(choice)];
    return shortened(createHash("sha256").update(JSON.stringify(content)).digest("hex"));
  }

  /**
   * For a module, the hash of its bundle, which `run.json` shows too. For a program in another language, the hash of its command line,
   * its files and the base image.
   *
   * @throws InvalidConfigurationError if the image has no such evaluation.
   * @throws PermanentError if the evaluation does not compile.
   */
  evaluationIdentity({ evaluation = "", evaluationCommand }: EvaluationChoice): EvaluationIdentity {
    const { directory, baseImage } = this.props;
    if (evaluationCommand === undefined) return { evaluation, evaluationSha256: this.bundleOf(evaluation).sha256 };
    return {
      evaluation: evaluationCommand,
      evaluationSha256: commandContentHash(directory, evaluationCommand, baseImage),
    };
  }

  /** A hash of the files beside the evaluation that it may read while it runs. */
  private filesHash({ evaluation = "", evaluationCommand }: EvaluationChoice): string {
    const { directory } = this.props;
    if (evaluationCommand !== undefined) {
      return mentionedContentHash(directory, (name) => mentions(evaluationCommand, name));
    }
    // A bundle is long, and holds most short words: it mentions a file only with its ending, which is .mjs for a module in the image.
    const [code = ""] = Buffer.from(this.bundleOf(evaluation).contents)
      .toString("latin1")
      .split("\n//# sourceMappingURL=");
    return mentionedContentHash(directory, (name) => code.includes(name.replace(/\.ts$/, ".mjs")));
  }

  private bundleOf(evaluation: string): EvaluationBundle {
    const known = this.bundles.get(evaluation);
    if (known !== undefined) return known;
    const files = evaluationFiles(this.props.directory);
    throwIfAny("worker image", within(["evaluation"], evaluationProblems(evaluation, [...files.keys()])));
    const bundle = bundleEvaluation(files.get(evaluation) as string);
    this.bundles.set(evaluation, bundle);
    return bundle;
  }
}

/** A hash as a tag has it. */
function shortened(hash: string): string {
  return hash.slice(0, 16);
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
    referenceFor: () => reference,
    contentHashFor: () => reference,
    evaluationIdentity: ({ evaluation = "", evaluationCommand }) => ({
      evaluation: evaluationCommand ?? evaluation,
      evaluationSha256: createHash("sha256")
        .update(JSON.stringify([reference, evaluationCommand]))
        .digest("hex"),
    }),
  };
}
