import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
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
const repositoryUrl = "111122223333.dkr.ecr.us-west-2.amazonaws.com/dev/ttg-worker";
const [collatz, prime] = ["collatz", "prime"].map((evaluation) => ({ evaluation, evaluationCommand: undefined })) as [
  EvaluationChoice,
  EvaluationChoice,
];
const program = (evaluationCommand: string): EvaluationChoice => ({ evaluation: undefined, evaluationCommand });

const made = (changes: Partial<WorkerImageProps> = {}) => {
  let image: WorkerImage | undefined;
  const resources = synthesize((stack) => {
    const props = { repositoryUrl, region: "us-west-2", directory: repository, evaluations: [collatz] };
    image = new WorkerImage(stack, "image", { ...props, ...changes });
  });
  return { image: image as WorkerImage, data: resources.one("terraform_data") };
};

describe("the worker's image", () => {
  test("has a tag for each evaluation of its jobs, and is published once for all of them, from the folder of cdktf.json", () => {
    const { image, data } = made({ evaluations: [prime, collatz, collatz] });
    const references = [collatz, prime].map((choice) => image.referenceFor(choice)).sort();
    for (const reference of references) {
      expect(reference).toMatch(/^111122223333\.dkr\.ecr\.us-west-2\.amazonaws\.com\/dev\/ttg-worker:[0-9a-f]{16}$/);
    }
    expect(new Set(references).size).toBe(2);
    expect(data).toMatchObject({
      triggers_replace: { references },
      provisioner: [
        {
          "local-exec": {
            command: "node worker/publish-image.mjs",
            working_dir: "../../..",
            environment: {
              IMAGE_REFERENCES: references.join(" "),
              IMAGE_REGION: "us-west-2",
              IMAGE_VERSION: imageContentHash(repository, {}).slice(0, 16),
              IMAGE_BUILD_ARGUMENTS: "{}",
            },
          },
        },
      ],
    });
    expect(made({ directory: sources.directory }).image.referenceFor(prime)).toBe(image.referenceFor(prime));
  });

  test("is built on the base image that is given, and then has other tags", () => {
    const baseImage = "docker.io/library/python:3.13-slim-bookworm";
    const { image, data } = made({ baseImage });
    expect(image.contentHashFor(collatz)).not.toBe(made().image.contentHashFor(collatz));
    expect(JSON.parse(data.provisioner[0]["local-exec"].environment.IMAGE_BUILD_ARGUMENTS)).toEqual({
      BASE_IMAGE: baseImage,
    });
  });

  test("has one more tag for executors, which run any evaluation: it changes with all of the content", () => {
    const { image, data } = made({ forExecutors: true });
    expect(image.reference).toBe(`${repositoryUrl}:${imageContentHash(repository, {}).slice(0, 16)}`);
    expect(data.triggers_replace.references).toEqual([image.reference, image.referenceFor(collatz)].sort());
    expect(made({ forExecutors: true, evaluations: [] }).data.triggers_replace.references).toEqual([image.reference]);
  });

  test("is refused for executors without that tag, which no registry has", () => {
    expect(messageOf(() => made().image.reference)).toBe(
      "worker image has 1 problem:\n  - forExecutors must be true where executors run the image, got nothing: set it, so that the registry gets the tag that executors run",
    );
  });

  test("can be built elsewhere, if its reference has a tag or a digest", () => {
    const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
    for (const name of ["ghcr.io/a/b:1.2", `localhost:5000/b@${digest}`, `a/b:1@${digest}`, `${Fn.lower("HOST")}/b`]) {
      const image = prebuiltImage(name);
      expect([image.referenceFor(collatz), image.contentHashFor(collatz)]).toEqual([name, name]);
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

describe("the tag of a job's image", () => {
  const tags = (...choices: EvaluationChoice[]) => {
    const { image } = made({ directory: sources.directory });
    return choices.map((choice) => image.contentHashFor(choice));
  };
  const evaluations = (name: string, text: string) =>
    writeFileSync(join(sources.directory, "worker/evaluations", name), text);

  test("is another when its own evaluation changes, and the same when that of another job does", () => {
    const [beforeCollatz, beforePrime] = tags(collatz, prime);
    sources.write("worker/evaluations/prime.ts", (text) => `${text}\nexport const more = 1;\n`);
    const [afterCollatz, afterPrime] = tags(collatz, prime);
    expect(afterCollatz).toBe(beforeCollatz);
    expect(afterPrime).not.toBe(beforePrime);
  });

  test.each(["worker/src/engine/worker.ts", "worker/Dockerfile", "worker/package.json", ".npmrc"])(
    "is another for every job when %s changes, which all of them run",
    (path) => {
      const before = tags(collatz, prime);
      sources.write(path, (text) => `${text}\n`);
      const after = tags(collatz, prime);
      expect(after.filter((tag) => before.includes(tag))).toEqual([]);
    },
  );

  test("is the same for every job when the page changes, which no job shows; that of services is another", () => {
    const all = () => [
      tags(collatz, prime),
      made({ directory: sources.directory, forExecutors: true }).image.reference,
    ];
    const [jobs, services] = all();
    sources.write("worker/page/main.tsx", (text) => `${text}\n`);
    const [jobsAfter, servicesAfter] = all();
    expect(jobsAfter).toEqual(jobs);
    expect(servicesAfter).not.toBe(services);
  });

  test("of a program counts the files that it mentions, and those that they mention, and no others", () => {
    evaluations("detect.py", "import helpers\n");
    evaluations("helpers.py", "open('weights.bin')\n");
    evaluations("weights.bin", "1");
    evaluations("other.py", "1");
    evaluations("weight.py", "1");
    const tag = () => tags(program("python3 evaluations/detect.py"))[0];
    const all = [tag()];
    for (const name of ["weights.bin", "helpers.py", "detect.py"]) {
      sources.write(`worker/evaluations/${name}`, (text) => `${text}\n# 1`);
      all.push(tag());
    }
    expect(new Set(all).size).toBe(4);
    evaluations("other.py", "2");
    evaluations("weight.py", "2");
    sources.write("worker/evaluations/prime.ts", (text) => `${text}\n`);
    expect(tag()).toBe(all.at(-1));
  });

  test("of a module counts a file that it reads by its name while it runs", () => {
    evaluations("weights.bin", "1");
    evaluations("table.ts", "export const rows = 1;\n");
    evaluations("own.ts", 'export const evaluate = () => ["evaluations/weights.bin", "a table of own"].length;\n');
    const own = { evaluation: "own", evaluationCommand: undefined };
    const before = tags(own);
    evaluations("table.ts", "export const rows = 2;\n");
    expect(tags(own)).toEqual(before);
    evaluations("weights.bin", "2");
    expect(tags(own)).not.toEqual(before);
  });

  test("is refused with a link that leads nowhere, also where a program mentions it", () => {
    symlinkSync("nowhere.py", join(sources.directory, "worker/evaluations/lost.py"));
    expect(messageOf(() => made({ directory: sources.directory, evaluations: [program("python3 lost.py")] }))).toMatch(
      /^worker image has 1 problem:\n {2}- files\["worker\/evaluations\/lost.py"\] must be a relative link /,
    );
  });

  test("is refused for an evaluation that the image lacks", () => {
    expect(messageOf(() => made({ evaluations: [{ ...collatz, evaluation: "owl" }] }))).toMatch(
      /^worker image has 1 problem:\n {2}- evaluation must be "collatz", "pi" or "prime", got "owl": /,
    );
  });
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
    const image = () => imageContentHash(sources.directory, {});
    const before = { identity: own(), image: image() };
    sources.write(path, (text) => `${text}\n`);
    expect(own()).toBe(before.identity);
    expect(image()).not.toBe(before.image);
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
        `worker image has 1 problem:\n  - evaluation must be "collatz", "own", "pi" or "prime", got "${evaluation}": put its file into worker/evaluations and name it without folder and ending`,
      );
    },
  );

  test("of an evaluation that does not compile is refused with the place", () => {
    sources.write("worker/evaluations/own.ts", () => "export const evaluate = (\n");
    expect(messageOf(() => own())).toMatch(/own\.ts cannot be bundled: own\.ts:2: Unexpected end of file$/);
  });
});
