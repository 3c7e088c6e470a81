import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageContentHash, imageSources } from "../../../constructs/workload/image-content.ts";
import { copiedImageSources, repository } from "../../support/image-sources.ts";
import { messageOf } from "../../support/synthesized.ts";

const ignoreFile = readFileSync(join(repository, "worker/Dockerfile.dockerignore"), "utf8");
const sources = copiedImageSources();

const hash = (buildArguments = {}) => imageContentHash(sources.directory, buildArguments);
const changeLock = (change: (packages: Record<string, { version: string }>) => void) =>
  sources.write("package-lock.json", (text) => {
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
    "worker/page/main.tsx",
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
    sources.write(path, (text) => `${text}\n`);
    expect(hash()).not.toBe(before);
  });

  test("is another with one more evaluation, a renamed one, and other arguments of the build", () => {
    const before = hash();
    expect(hash({ BASE_IMAGE: "python:3.13-slim-bookworm" })).not.toBe(before);
    writeFileSync(join(sources.directory, "worker/evaluations/evaluate.py"), "");
    const one = hash();
    rmSync(join(sources.directory, "worker/evaluations/evaluate.py"));
    writeFileSync(join(sources.directory, "worker/evaluations/evaluated.py"), "");
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
      writeFileSync(join(sources.directory, "worker/src", name), "x");
    mkdirSync(join(sources.directory, "worker/evaluations/__pycache__"));
    writeFileSync(join(sources.directory, "worker/evaluations/__pycache__/detect.pyc"), "x");
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
    const file = join(sources.directory, "worker/evaluations/prime.ts");
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
    const clone = join(sources.directory, "clone");
    const script = `umask 027 && git init -q . && git add . && git commit -qm all && git -c core.autocrlf=true clone -q . "$CLONE"`;
    const identity = {
      GIT_AUTHOR_NAME: "a",
      GIT_AUTHOR_EMAIL: "a@b",
      GIT_COMMITTER_NAME: "a",
      GIT_COMMITTER_EMAIL: "a@b",
    };
    writeFileSync(join(sources.directory, ".gitattributes"), readFileSync(join(repository, ".gitattributes")));
    const env = { ...process.env, ...identity, CLONE: clone };
    execFileSync("/bin/sh", ["-c", script], { cwd: sources.directory, env, stdio: "pipe" });
    expect(statSync(join(clone, "worker/evaluations/prime.ts")).mode & 0o777).toBe(0o640);
    expect(imageContentHash(clone, {})).toBe(hash());
  });

  test.each([
    ["leads nowhere", "nowhere.py"],
    ["leads out of its folder", "../build.mjs"],
    ["is absolute", join(repository, "worker/evaluations/prime.ts")],
    ["leads to a folder", "."],
    ["leads to a file that the build does not see", ".own.py"],
  ])("is refused with a link that %s", (_, target) => {
    writeFileSync(join(sources.directory, "worker/evaluations/.own.py"), "");
    symlinkSync(target, join(sources.directory, "worker/evaluations/own.py"));
    expect(messageOf(() => hash())).toBe(
      `worker image has 1 problem:\n  - files["worker/evaluations/own.py"] must be a relative link to a file in worker/evaluations, got a link to "${target}": put a copy of the file in its place, or remove the link`,
    );
  });

  test("is refused with a folder of evaluations that is a link", () => {
    rmSync(join(sources.directory, "worker/evaluations"), { recursive: true });
    symlinkSync("src", join(sources.directory, "worker/evaluations"));
    expect(messageOf(() => hash())).toBe(
      'worker image has 1 problem:\n  - files["worker/evaluations"] must be worker/evaluations itself, and no link, got a link to "src": put a copy of the file in its place, or remove the link',
    );
  });

  test("counts the file that a link leads to, like the image", () => {
    const link = join(sources.directory, "worker/evaluations/own.py");
    writeFileSync(join(sources.directory, "worker/evaluations/lib.py"), "1");
    writeFileSync(link, "1");
    const before = hash();
    rmSync(link);
    symlinkSync("lib.py", link);
    expect(hash()).toBe(before);
  });
});
