import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Fn } from "cdktf";
import { imageContentHash, imageSources } from "../../../constructs/workload/image-content.ts";
import {
  type EvaluationChoice,
  prebuiltImage,
  WorkerImage,
  type WorkerImageProps,
} from "../../../constructs/workload/worker-image.ts";
import { sweep } from "../../support/sweep.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

const repository = join(__dirname, "../../..");
const ignoreFile = readFileSync(join(repository, "worker/Dockerfile.dockerignore"), "utf8");
let copy: string;

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), "image-content-"));
  for (const source of [...imageSources, "package-lock.json"]) {
    mkdirSync(dirname(join(copy, source)), { recursive: true });
    cpSync(join(repository, source), join(copy, source), { recursive: true });
  }
});
afterEach(() => rmSync(copy, { recursive: true, force: true }));

const hash = (buildArguments = {}) => imageContentHash(copy, buildArguments);
const write = (path: string, change: (text: string) => string) =>
  writeFileSync(join(copy, path), change(readFileSync(join(copy, path), "utf8")));
const changeLock = (change: (packages: Record<string, { version: string }>) => void) =>
  write("package-lock.json", (text) => {
    const lock = JSON.parse(text);
    change(lock.packages);
    return JSON.stringify(lock);
  });

describe("the content of the worker's image", () => {
  test("has the same hash wherever it lies", () => {
    expect(hash()).toBe(imageContentHash(repository, {}));
  });

  test.each([
    "worker/src/engine/worker.ts",
    "worker/evaluations/collatz.ts",
    "worker/Dockerfile",
    "worker/build.mjs",
    "worker/package.json",
    "worker/tsconfig.json",
    "tsconfig.json",
    ".npmrc",
    "worker/Dockerfile.dockerignore",
  ])("is another when %s is", (path) => {
    const before = hash();
    write(path, (text) => `${text}\n`);
    expect(hash()).not.toBe(before);
  });

  test("is another with one more evaluation, a renamed one, and other arguments of the build", () => {
    const before = hash();
    expect(hash({ BASE_IMAGE: "python:3.13-slim-bookworm" })).not.toBe(before);
    writeFileSync(join(copy, "worker/evaluations/evaluate.py"), "");
    const one = hash();
    rmSync(join(copy, "worker/evaluations/evaluate.py"));
    writeFileSync(join(copy, "worker/evaluations/evaluated.py"), "");
    expect(new Set([before, one, hash()]).size).toBe(3);
  });

  test("is another when a dependency of the worker is, and the same when one of the tests is", () => {
    const before = hash();
    changeLock((packages) => {
      (packages["node_modules/jest"] as { version: string }).version = "99.0.0";
    });
    expect(hash()).toBe(before);
    changeLock((packages) => {
      (packages["node_modules/commander"] as { version: string }).version = "99.0.0";
    });
    expect(hash()).not.toBe(before);
  });

  test("is the same with files of an editor, of a run and of Python in it", () => {
    const before = hash();
    for (const name of [".worker.ts.swp", "worker.ts~", "npm-debug.log"])
      writeFileSync(join(copy, "worker/src", name), "x");
    mkdirSync(join(copy, "worker/evaluations/__pycache__"));
    writeFileSync(join(copy, "worker/evaluations/__pycache__/detect.pyc"), "x");
    expect(hash()).toBe(before);
  });

  test("is the context of the build, apart from npm's own files", () => {
    const passed = ignoreFile.split("\n").filter((line) => line.startsWith("!"));
    const needed = imageSources.filter((path) => !path.startsWith("worker/Dockerfile"));
    expect([...new Set(passed)].sort()).toEqual(
      [...needed, "package.json", "package-lock.json"].map((path) => `!${path}`).sort(),
    );
    expect(ignoreFile.split("\n").filter((line) => !/^(!.*|#.*|)$/.test(line))).toEqual([
      "*",
      "**/.*",
      "**/__pycache__",
      "**/*~",
      "**/*.log",
    ]);
  });

  test("is the same in a checkout of another umask, and another when a file becomes executable", () => {
    const before = hash();
    const file = join(copy, "worker/evaluations/prime.ts");
    for (const mode of [0o600, 0o640, 0o664]) {
      chmodSync(file, mode);
      expect(hash()).toBe(before);
    }
    chmodSync(file, 0o755);
    const executable = hash();
    expect(executable).not.toBe(before);
    chmodSync(file, 0o700);
    expect(hash()).toBe(executable);
  });

  test("is the same in a clone by a user with another umask, whose git writes CRLF", () => {
    const clone = join(copy, "clone");
    const script = `umask 027 && git init -q . && git add . && git commit -qm all && git -c core.autocrlf=true clone -q . "$CLONE"`;
    const identity = {
      GIT_AUTHOR_NAME: "a",
      GIT_AUTHOR_EMAIL: "a@b",
      GIT_COMMITTER_NAME: "a",
      GIT_COMMITTER_EMAIL: "a@b",
    };
    writeFileSync(join(copy, ".gitattributes"), readFileSync(join(repository, ".gitattributes")));
    const env = { ...process.env, ...identity, CLONE: clone };
    execFileSync("/bin/sh", ["-c", script], { cwd: copy, env, stdio: "pipe" });
    expect(statSync(join(clone, "worker/evaluations/prime.ts")).mode & 0o777).toBe(0o640);
    expect(imageContentHash(clone, {})).toBe(hash());
  });

  test.each([
    ["leads nowhere", "nowhere.py"],
    ["leads out of its folder", "../build.mjs"],
    ["is absolute", join(repository, "worker/evaluations/prime.ts")],
    ["leads to a folder", "."],
  ])("is refused with a link that %s", (_, target) => {
    symlinkSync(target, join(copy, "worker/evaluations/own.py"));
    expect(messageOf(() => hash())).toBe(
      `worker image has 1 problem:\n  - files["worker/evaluations/own.py"] must be a relative link to a file in worker/evaluations, got a link to "${target}": put a copy of the file in its place, or remove the link`,
    );
  });

  test("is refused with a folder of evaluations that is a link", () => {
    rmSync(join(copy, "worker/evaluations"), { recursive: true });
    symlinkSync("src", join(copy, "worker/evaluations"));
    expect(messageOf(() => hash())).toBe(
      'worker image has 1 problem:\n  - files["worker/evaluations"] must be worker/evaluations itself, and no link, got a link to "src": put a copy of the file in its place, or remove the link',
    );
  });

  test("counts the file that a link leads to, like the image", () => {
    const link = join(copy, "worker/evaluations/own.py");
    writeFileSync(join(copy, "worker/evaluations/lib.py"), "1");
    writeFileSync(link, "1");
    const before = hash();
    rmSync(link);
    symlinkSync("lib.py", link);
    expect(hash()).toBe(before);
  });
});

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
    expect(made({ directory: copy }).image.contentHash).toBe(image.contentHash);
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

  test.each(["ttg-worker", "ttg-worker:latest", "localhost:5000/b", "A/b:1", "a b:1", "a@sha256:12"])(
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
    made({ directory: copy, ...changes }).image.evaluationIdentity({
      evaluation: undefined,
      evaluationCommand: undefined,
      ...choice,
    });
  const own = () => identity({ evaluation: "own" }).evaluationSha256;

  beforeEach(() => {
    writeFileSync(
      join(copy, "worker/evaluations/own.ts"),
      'import { factor } from "./lib/factor.ts";\nexport const evaluate = (parameter: number) => parameter * factor;\n',
    );
    mkdirSync(join(copy, "worker/evaluations/lib"));
    writeFileSync(join(copy, "worker/evaluations/lib/factor.ts"), "export const factor = 2;\n");
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
    const before = { identity: own(), image: made({ directory: copy }).image.contentHash };
    write(path, (text) => `${text}\n`);
    expect(own()).toBe(before.identity);
    expect(made({ directory: copy }).image.contentHash).not.toBe(before.image);
  });

  test("is another when the evaluation or a file that it imports changes, and the same when a comment does", () => {
    const before = own();
    write("worker/evaluations/own.ts", (text) => `// A comment.\n${text}`);
    expect(own()).toBe(before);
    write("worker/evaluations/lib/factor.ts", (text) => text.replace("2", "3"));
    const imported = own();
    write("worker/evaluations/own.ts", (text) => text.replace("*", "+"));
    expect(new Set([before, imported, own()]).size).toBe(3);
  });

  test("is the one that a run on a laptop records", async () => {
    const results = join(copy, "results");
    await sweep(["run", join(copy, "worker/evaluations/own.ts"), "--total", "10", "--results", results]);
    expect(JSON.parse(readFileSync(join(results, "run.json"), "utf8"))).toMatchObject(identity({ evaluation: "own" }));
  });

  test("of a program counts its command line, the files that it mentions, and the base image", () => {
    const evaluationCommand = "python3 evaluations/detect.py --deep";
    const program = (command = evaluationCommand, changes = {}) =>
      identity({ evaluationCommand: command }, changes).evaluationSha256;
    writeFileSync(join(copy, "worker/evaluations/detect.py"), "1");
    const before = program();
    writeFileSync(join(copy, "worker/evaluations/other.py"), "1");
    write("worker/Dockerfile", (text) => `${text}\n`);
    expect(program()).toBe(before);
    const others = [program("python3 evaluations/detect.py"), program(evaluationCommand, { baseImage: "a/b:1" })];
    writeFileSync(join(copy, "worker/evaluations/detect.py"), "2");
    expect(new Set([before, ...others, program()]).size).toBe(4);
  });

  test("of a Python module counts the folder of its package", () => {
    const program = () => identity({ evaluationCommand: "python3 -m evaluations.detect" }).evaluationSha256;
    mkdirSync(join(copy, "worker/evaluations/detect"));
    writeFileSync(join(copy, "worker/evaluations/detect/__main__.py"), "1");
    const before = program();
    mkdirSync(join(copy, "worker/evaluations/detect/__pycache__"));
    writeFileSync(join(copy, "worker/evaluations/detect/__pycache__/__main__.pyc"), "1");
    expect(program()).toBe(before);
    writeFileSync(join(copy, "worker/evaluations/detect/__main__.py"), "2");
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
      // The worker looks for modules in TypeScript and ES modules in JavaScript only.
      writeFileSync(join(copy, "worker/evaluations/script.js"), "exports.evaluate = () => 1;\n");
      expect(messageOf(() => identity({ evaluation }))).toBe(
        `worker image has 1 problem:\n  - evaluation must be "collatz", "own" or "prime", got "${evaluation}": put its file into worker/evaluations and name it without folder and ending`,
      );
    },
  );

  test("of an evaluation that does not compile is refused with the place", () => {
    write("worker/evaluations/own.ts", () => "export const evaluate = (\n");
    expect(messageOf(() => own())).toMatch(/own\.ts cannot be bundled: own\.ts:2: Unexpected end of file$/);
  });
});
