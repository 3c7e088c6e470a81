import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Fn } from "cdktf";
import { imageContentHash, imageSources, lockedDependencies } from "../../../constructs/workload/image-content.ts";
import { prebuiltImage, WorkerImage, type WorkerImageProps } from "../../../constructs/workload/worker-image.ts";
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

  test("is the same with an editor's files in it", () => {
    const before = hash();
    writeFileSync(join(copy, "worker/src/.worker.ts.swp"), "x");
    expect(hash()).toBe(before);
  });

  test("is what the build sees, beside npm's own files", () => {
    const passed = ignoreFile.split("\n").filter((line) => line.startsWith("!"));
    const needed = [...imageSources.filter((path) => path !== "worker/Dockerfile"), ".npmrc"];
    expect([...new Set(passed)].sort()).toEqual(
      [...needed, "package.json", "package-lock.json"].map((path) => `!${path}`).sort(),
    );
    expect(ignoreFile.split("\n").filter((line) => !/^(!.*|#.*|)$/.test(line))).toEqual(["*", "**/.*"]);
  });
});

test("locked dependencies are those Node.js would find, through nested node_modules, and optional ones where there are", () => {
  const packages = {
    "": { dependencies: { unrelated: "1" } },
    worker: { dependencies: { a: "1", b: "1" }, optionalDependencies: { nowhere: "1" } },
    "worker/node_modules/b": { version: "2.0.0", integrity: "sha-b2" },
    "node_modules/b": { version: "1.0.0", integrity: "sha-b1" },
    "node_modules/a": { version: "1.0.0", integrity: "sha-a", dependencies: { b: "1", "@s/c": "1" } },
    "node_modules/a/node_modules/@s/c": { version: "3.0.0", integrity: "sha-c", dependencies: { a: "1" } },
    "node_modules/unrelated": { version: "1.0.0", integrity: "sha-u" },
  };
  expect(lockedDependencies(packages, "worker")).toEqual({
    "node_modules/a": "1.0.0 sha-a",
    "node_modules/a/node_modules/@s/c": "3.0.0 sha-c",
    "node_modules/b": "1.0.0 sha-b1",
    "worker/node_modules/b": "2.0.0 sha-b2",
  });
});

describe("the worker's image", () => {
  const made = (changes: Partial<WorkerImageProps> = {}) => {
    let image: WorkerImage | undefined;
    const resources = synthesize((stack) => {
      const repositoryUrl = "111122223333.dkr.ecr.us-west-2.amazonaws.com/dev/ttg-worker";
      image = new WorkerImage(stack, "image", { repositoryUrl, region: "us-west-2", ...changes });
    });
    return { image: image as WorkerImage, data: resources.one("terraform_data") };
  };

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

  test("stands on another image where that is asked for, and is then another", () => {
    const baseImage = "docker.io/library/python:3.13-slim-bookworm";
    const { image, data } = made({ baseImage });
    expect(image.contentHash).not.toBe(made().image.contentHash);
    expect(JSON.parse(data.provisioner[0]["local-exec"].environment.IMAGE_BUILD_ARGUMENTS)).toEqual({
      BASE_IMAGE: baseImage,
    });
  });

  test("may be built elsewhere, under a name that means one image for good", () => {
    const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
    for (const name of ["ghcr.io/a/b:1.2", `localhost:5000/b@${digest}`, `a/b:1@${digest}`, `${Fn.lower("HOST")}/b`]) {
      expect(prebuiltImage(name)).toEqual({ reference: name, contentHash: name, dependables: [] });
    }
  });

  test.each(["ttg-worker", "ttg-worker:latest", "localhost:5000/b", "A/b:1", "a b:1", "a@sha256:12"])(
    "is refused under the name %s, on which an image could neither stand",
    (name) => {
      const explained = `does not name one image for good: got "${name}", allowed is <repository>:<tag>, <repository>@sha256:<digest> or both, and not the tag latest; use for example "docker.io/library/python:3.13-slim-bookworm"`;
      expect(messageOf(() => prebuiltImage(name))).toBe(`worker image has 1 problem:\n  - the whole ${explained}`);
      expect(messageOf(() => made({ baseImage: name }))).toBe(
        `worker image has 1 problem:\n  - baseImage ${explained}`,
      );
    },
  );
});
