import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fn } from "cdktf";
import { imageContentHash } from "../../../constructs/workload/image-content.ts";
import {
  type EvaluationChoice,
  prebuiltImage,
  WorkerImage,
  type WorkerImageProps,
} from "../../../constructs/workload/worker-image.ts";
import { copiedImageSources, repository } from "../../support/image-sources.ts";
import { sweep } from "../../support/sweep.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

const sources = copiedImageSources();

const made = (changes: Partial<WorkerImageProps> = {}) => {
  let image: WorkerImage | undefined;
  const resources = synthesize((stack) => {
    const repositoryUrl = "111122223333.dkr.ecr.us-west-2.amazonaws.com/dev/ttg-worker";
    image = new WorkerImage(stack, "image", { repositoryUrl, region: "us-west-2", directory: repository, ...changes });
  });
  return { image: image as WorkerImage, data: resources.one("terraform_data") };
};

describe("the worker's image", () => {
  test("is tagged with the hash of its content", () => {
    const tag = imageContentHash(repository, {}).slice(0, 16);
    expect(made().image).toMatchObject({
      contentHash: tag,
      reference: `111122223333.dkr.ecr.us-west-2.amazonaws.com/dev/ttg-worker:${tag}`,
    });
    expect(made().image.dependables).toHaveLength(1);
  });

  test("is published when, and only when, the tag is another, from the folder of cdktf.json", () => {
    const { image, data } = made();
    expect(data).toMatchObject({
      triggers_replace: { reference: image.reference },
      provisioner: [
        {
          "local-exec": {
            command: "node worker/publish-image.mjs",
            working_dir: "../../..",
            environment: { IMAGE_REFERENCE: image.reference, IMAGE_REGION: "us-west-2", IMAGE_BUILD_ARGUMENTS: "{}" },
          },
        },
      ],
    });
    expect(made({ directory: sources.directory }).image.contentHash).toBe(image.contentHash);
  });

  test("is built on the base image that is given, and then has another tag", () => {
    const baseImage = "docker.io/library/python:3.13-slim-bookworm";
    const { image, data } = made({ baseImage });
    expect(image.contentHash).not.toBe(made().image.contentHash);
    expect(JSON.parse(data.provisioner[0]["local-exec"].environment.IMAGE_BUILD_ARGUMENTS)).toEqual({
      BASE_IMAGE: baseImage,
    });
  });

  test("can be built elsewhere, if its reference has a tag or a digest", () => {
    const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
    for (const name of ["ghcr.io/a/b:1.2", `localhost:5000/b@${digest}`, `a/b:1@${digest}`, `${Fn.lower("HOST")}/b`]) {
      expect(prebuiltImage(name)).toMatchObject({ reference: name, contentHash: name, dependables: [] });
    }
  });

  test.each(["ttg-worker", "ttg-worker:latest", "localhost:5000/b", "a b:1"])(
    "refuses the reference %s, also as a base image",
    (name) => {
      const problem = (path: string) =>
        `worker image has 1 problem:\n  - ${path} must be <repository>:<tag>, <repository>@sha256:<digest> or both, and not the tag latest, got "${name}": use for example "docker.io/library/python:3.13-slim-bookworm"`;
      expect(messageOf(() => prebuiltImage(name))).toBe(problem("reference"));
      expect(messageOf(() => made({ baseImage: name }))).toBe(problem("baseImage"));
    },
  );
});

describe("the identity of an evaluation", () => {
  const identity = (choice: Partial<EvaluationChoice>, changes: Partial<WorkerImageProps> = {}) =>
    made({ directory: sources.directory, ...changes }).image.evaluationIdentity({
      evaluation: undefined,
      evaluationCommand: undefined,
      ...choice,
    });
  const own = () => identity({ evaluation: "own" }).evaluationSha256;

  beforeEach(() => {
    writeFileSync(
      join(sources.directory, "worker/evaluations/own.ts"),
      'import { factor } from "./lib/factor.ts";\nexport const evaluate = (parameter: number) => parameter * factor;\n',
    );
    mkdirSync(join(sources.directory, "worker/evaluations/lib"));
    writeFileSync(join(sources.directory, "worker/evaluations/lib/factor.ts"), "export const factor = 2;\n");
  });

  test("never changes for the same sources", () => {
    // Another hash starts every run anew. If it changes with a version of esbuild, say so in the CHANGELOG; if the algorithm changes,
    // change RESULTS_FORMAT with it.
    expect(identity({ evaluation: "own" })).toEqual({
      evaluation: "own",
      evaluationSha256: "c8d49aa6a1c9a9f47b7b4568926cda917e3c53781b682eff533a52674ca63fc1",
    });
  });

  test.each([
    "worker/src/sampling/measurement.ts",
    "worker/src/engine/worker.ts",
    "worker/Dockerfile",
    "worker/build.mjs",
    "worker/package.json",
    "worker/evaluations/prime.ts",
  ])("is the same when %s changes, although the image is another", (path) => {
    const before = { identity: own(), image: made({ directory: sources.directory }).image.contentHash };
    sources.write(path, (text) => `${text}\n`);
    expect(own()).toBe(before.identity);
    expect(made({ directory: sources.directory }).image.contentHash).not.toBe(before.image);
  });

  test("is another when the evaluation or a file that it imports changes, and the same when a comment does", () => {
    const before = own();
    sources.write("worker/evaluations/own.ts", (text) => `// A comment.\n${text}`);
    expect(own()).toBe(before);
    sources.write("worker/evaluations/lib/factor.ts", (text) => text.replace("2", "3"));
    const imported = own();
    sources.write("worker/evaluations/own.ts", (text) => text.replace("*", "+"));
    expect(new Set([before, imported, own()]).size).toBe(3);
  });

  test("is the one that a run on a laptop records", async () => {
    const results = join(sources.directory, "results");
    await sweep(["run", join(sources.directory, "worker/evaluations/own.ts"), "--total", "10", "--results", results]);
    expect(JSON.parse(readFileSync(join(results, "run.json"), "utf8"))).toMatchObject(identity({ evaluation: "own" }));
  });

  test("of a program counts its command line, the files that it mentions, and the base image", () => {
    const evaluationCommand = "python3 evaluations/detect.py --deep";
    const program = (command = evaluationCommand, changes = {}) =>
      identity({ evaluationCommand: command }, changes).evaluationSha256;
    writeFileSync(join(sources.directory, "worker/evaluations/detect.py"), "1");
    const before = program();
    writeFileSync(join(sources.directory, "worker/evaluations/other.py"), "1");
    sources.write("worker/Dockerfile", (text) => `${text}\n`);
    expect(program()).toBe(before);
    const others = [program("python3 evaluations/detect.py"), program(evaluationCommand, { baseImage: "a/b:1" })];
    writeFileSync(join(sources.directory, "worker/evaluations/detect.py"), "2");
    expect(new Set([before, ...others, program()]).size).toBe(4);
  });

  test("of a Python module counts the folder of its package", () => {
    const program = () => identity({ evaluationCommand: "python3 -m evaluations.detect" }).evaluationSha256;
    mkdirSync(join(sources.directory, "worker/evaluations/detect"));
    writeFileSync(join(sources.directory, "worker/evaluations/detect/__main__.py"), "1");
    const before = program();
    mkdirSync(join(sources.directory, "worker/evaluations/detect/__pycache__"));
    writeFileSync(join(sources.directory, "worker/evaluations/detect/__pycache__/__main__.pyc"), "1");
    expect(program()).toBe(before);
    writeFileSync(join(sources.directory, "worker/evaluations/detect/__main__.py"), "2");
    expect(program()).not.toBe(before);
  });

  test("in an image from elsewhere is that of the image", () => {
    const of = (reference: string, choice: Partial<EvaluationChoice> = {}) =>
      prebuiltImage(reference).evaluationIdentity({ evaluation: "a", evaluationCommand: undefined, ...choice });
    expect(of("a/b:1")).toEqual(of("a/b:1"));
    const all = [of("a/b:1"), of("a/b:2"), of("a/b:1", { evaluation: "b" }), of("a/b:1", { evaluationCommand: "b" })];
    expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(all.length);
  });

  test.each(["owl", "../evaluations/own", "script"])(
    "of an evaluation %s, which the image lacks, is refused",
    (evaluation) => {
      // The build leaves out hidden files, for example those that macOS writes beside others.
      writeFileSync(join(sources.directory, "worker/evaluations/._own.ts"), "");
      // The worker looks for modules in TypeScript and ES modules in JavaScript only.
      writeFileSync(join(sources.directory, "worker/evaluations/script.js"), "exports.evaluate = () => 1;\n");
      expect(messageOf(() => identity({ evaluation }))).toBe(
        `worker image has 1 problem:\n  - evaluation must be "collatz", "own" or "prime", got "${evaluation}": put its file into worker/evaluations and name it without folder and ending`,
      );
    },
  );

  test("of an evaluation that does not compile is refused with the place", () => {
    sources.write("worker/evaluations/own.ts", () => "export const evaluate = (\n");
    expect(messageOf(() => own())).toMatch(/own\.ts cannot be bundled: own\.ts:2: Unexpected end of file$/);
  });
});
