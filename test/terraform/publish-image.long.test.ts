import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { App, LocalBackend, TerraformStack } from "cdktf";
import { imageContentHash } from "../../constructs/workload/image-content.ts";
import { WorkerImage, type WorkerImageProps } from "../../constructs/workload/worker-image.ts";
import { canRun } from "../support/required.ts";
import { temporaryDirectory } from "../support/sweep.ts";

const project = join(__dirname, "..", "..");
const repositoryUrl = "111122223333.dkr.ecr.us-west-2.amazonaws.com/dev/ttg-worker";
const terraform = spawnSync("/bin/sh", ["-c", "command -v terraform"], { encoding: "utf8" }).stdout.trim();
const missing = terraform === "" ? "terraform is not on PATH" : undefined;
const define = canRun("terraform publishes the image", "REQUIRE_TERRAFORM", missing) ? describe : describe.skip;

// Docker and the AWS CLI are stand-ins that write down how they were called; Terraform and the program between are real.
define("terraform publishes the image", () => {
  const root = temporaryDirectory();
  const programs = join(root, "programs");
  const calls = join(root, "calls");

  const stack = (props: Partial<WorkerImageProps> = {}): string => {
    const app = new App({ outdir: join(root, "cdktf.out") });
    const made = new TerraformStack(app, "dev-image");
    new LocalBackend(made, { path: "../../../terraform.tfstate" });
    const evaluations = [{ evaluation: "collatz", evaluationCommand: undefined }];
    new WorkerImage(made, "image", { repositoryUrl, region: "us-west-2", directory: project, evaluations, ...props });
    app.synth();
    const folder = join(app.outdir, "stacks", "dev-image");
    expect(run(folder, "init").status).toBe(0);
    return folder;
  };
  const run = (cwd: string, ...args: string[]) => {
    const env = { PATH: programs, HOME: root, CHECKPOINT_DISABLE: "1" };
    return spawnSync(terraform, [...args, "-no-color"], { cwd, env, encoding: "utf8" });
  };
  const apply = (folder: string) => run(folder, "apply", "-auto-approve", "-input=false");
  const called = () => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : []);

  /** A program on PATH: it writes down its arguments and its standard input, and does what `script` says. */
  const install = (name: string, script: string) => {
    const path = join(programs, name);
    rmSync(path, { force: true });
    writeFileSync(path, `#!/bin/sh\necho "${name} $*" >> ${calls}\n${script}\n`);
    chmodSync(path, 0o755);
  };
  const docker = (script = "") =>
    install(
      "docker",
      `case "$*" in
         login*) read -r password; echo "password $password" >> ${calls} ;;
         "buildx version") echo "github.com/docker/buildx v0.19.3 48d6a39" ;;
         "buildx inspect") read -r answer < ${root}/driver; echo "Driver:           $answer" ;;
         "buildx inspect "*) test -e ${root}/builder ;;
         "buildx create"*) : > ${root}/builder ;;
         "buildx imagetools inspect "*"--format={{json .Image}}") read -r answer < ${root}/base-image; echo "$answer" ;;
         "buildx imagetools inspect"*) test -e ${root}/pushed ;;
         info*) read -r answer < ${root}/image-store; echo "$answer" ;;
         "buildx build"*) : > ${root}/pushed ;;
       esac
       status=$?
       ${script}
       exit $status`,
    );

  beforeEach(() => {
    for (const path of [
      programs,
      calls,
      ...["pushed", "builder", "base-image"].map((name) => join(root, name)),
      join(root, "cdktf.out"),
      join(root, "terraform.tfstate"),
    ])
      rmSync(path, { recursive: true, force: true });
    mkdirSync(programs);
    symlinkSync(process.execPath, join(programs, "node"));
    if (!existsSync(join(root, "worker"))) symlinkSync(join(project, "worker"), join(root, "worker"));
    writeFileSync(join(root, "driver"), "docker");
    writeFileSync(join(root, "image-store"), "[[driver-type io.containerd.snapshotter.v1]]");
    install("aws", "echo secret");
    docker();
  });

  test("logs in, builds for linux/amd64 and linux/arm64 and pushes, once for one content", () => {
    const folder = stack();
    const { status, stdout } = apply(folder);
    expect(status).toBe(0);
    const [reference = ""] = /[\w.-]+\/dev\/ttg-worker:[0-9a-f]{16}/.exec(stdout) ?? [];
    const version = imageContentHash(project, {}).slice(0, 16);
    expect(called()).toEqual([
      "docker --version",
      "docker buildx version",
      "docker version",
      "aws ecr get-login-password --region us-west-2",
      "docker login --username AWS --password-stdin 111122223333.dkr.ecr.us-west-2.amazonaws.com",
      "password secret",
      `docker buildx imagetools inspect ${reference}`,
      "docker buildx inspect",
      "docker info --format={{.DriverStatus}}",
      `docker buildx build --platform=linux/amd64,linux/arm64 --file=worker/Dockerfile --build-arg=VERSION=${version} --tag=${reference} --provenance=false --push .`,
    ]);
    expect(stdout).toContain(`worker image: pushed ${reference}`);
    expect(stdout).not.toContain("secret");

    rmSync(calls);
    expect(run(folder, "plan", "-detailed-exitcode").status).toBe(0);
    expect(apply(folder).status).toBe(0);
    expect(called()).toEqual([]);
  });

  test("builds another one when the content is another, on the base image that is named", () => {
    expect(apply(stack()).status).toBe(0);
    rmSync(calls);
    rmSync(join(root, "pushed"));
    const { status } = apply(stack({ baseImage: "docker.io/library/python:3.13-slim-bookworm" }));
    expect(status).toBe(0);
    expect(called().at(-1)).toContain("--build-arg=BASE_IMAGE=docker.io/library/python:3.13-slim-bookworm");
  });

  test.each([
    ["two platforms", { "linux/amd64": {}, "linux/arm64/v8": {}, "linux/s390x": {} }, "linux/amd64,linux/arm64"],
    ["one platform", { architecture: "amd64", os: "linux" }, "linux/amd64"],
    ["an index of one", { "linux/arm64": {} }, "linux/arm64"],
  ])("on a base image for %s, builds for those", (_, baseImage, platforms) => {
    writeFileSync(join(root, "base-image"), JSON.stringify(baseImage));
    const { status, stdout } = apply(stack({ baseImage: "example/base:1" }));
    expect(status).toBe(0);
    expect(called().at(-1)).toContain(` --platform=${platforms} `);
    const missing = ["linux/amd64", "linux/arm64"].filter((platform) => !platforms.includes(platform));
    for (const platform of missing)
      expect(stdout).toContain(
        `worker image: example/base:1 is not for ${platform}, so the worker's image is not either`,
      );
    if (missing.length === 0) expect(stdout).not.toContain("is not for");
  });

  test("refuses a base image for other platforms", () => {
    writeFileSync(join(root, "base-image"), JSON.stringify({ architecture: "amd64", os: "windows" }));
    const { status, stdout, stderr } = apply(stack({ baseImage: "example/base:1" }));
    expect(status).toBe(1);
    expect((stdout + stderr).replace(/\n[│╷╵ ]*/g, " ")).toContain(
      "worker image: example/base:1 is for windows/amd64: use a base image for linux/amd64 or linux/arm64",
    );
  });

  test("makes a builder, once, where Docker's own builds for one platform only", () => {
    writeFileSync(join(root, "image-store"), "[[Backing Filesystem extfs]]");
    expect(apply(stack()).status).toBe(0);
    expect(called()).toContain("docker buildx create --name=evaluation-platform --driver=docker-container");
    expect(called().at(-1)).toContain(
      "docker buildx build --builder=evaluation-platform --platform=linux/amd64,linux/arm64 ",
    );
    for (const path of [calls, join(root, "pushed"), join(root, "terraform.tfstate")]) rmSync(path);
    expect(apply(stack()).status).toBe(0);
    expect(called().filter((call) => call.startsWith("docker buildx create"))).toEqual([]);
    expect(called().at(-1)).toContain("--builder=evaluation-platform");
  });

  test("uses the builder that its user has chosen", () => {
    writeFileSync(join(root, "driver"), "docker-container");
    expect(apply(stack()).status).toBe(0);
    expect(called().filter((call) => /^docker (info|buildx create)/.test(call))).toEqual([]);
    expect(called().at(-1)).toContain("docker buildx build --platform=linux/amd64,linux/arm64 ");
  });

  test("does not build what the registry has", () => {
    writeFileSync(join(root, "pushed"), "");
    const { status, stdout } = apply(stack());
    expect(status).toBe(0);
    expect(stdout).toMatch(/worker image: \S+ is in the registry already/);
    expect(called().filter((call) => call.startsWith("docker buildx build"))).toEqual([]);
  });

  test("goes to another registry than ECR with the login that is there", () => {
    const { status } = apply(stack({ repositoryUrl: "ghcr.io/example/ttg-worker" }));
    expect(status).toBe(0);
    expect(called().filter((call) => /^aws|login/.test(call))).toEqual([]);
  });

  test.each([
    ["there is no Docker", () => rmSync(join(programs, "docker")), "Docker is not installed: install it"],
    ["Docker has no buildx", () => docker('test "$1" = buildx && exit 1'), "Docker has no buildx: install it"],
    ["Docker does not run", () => docker('test "$1" = version && exit 1'), "Docker is not running: start it"],
    ["there is no AWS CLI", () => rmSync(join(programs, "aws")), "the AWS CLI is not installed"],
    ["the login is refused", () => install("aws", "exit 254"), "aws ecr get-login-password ended with 254"],
    ["the build fails", () => docker('test "$2" = build && exit 17'), "docker buildx build ended with 17"],
  ])("ends with a sentence when %s, and tries again at the next deploy", (_, breakIt, message) => {
    breakIt();
    const folder = stack();
    const { status, stdout, stderr } = apply(folder);
    expect(status).toBe(1);
    const said = (stdout + stderr).replace(/\n[│╷╵ ]*/g, " ");
    expect(said).toContain(`worker image: ${message}`);
    if (message.startsWith("Docker")) {
      expect(said).toContain("or build the image elsewhere and name it as workload.image (docs/image.md)");
      expect(called().filter((call) => call.startsWith("aws"))).toEqual([]);
    }
    install("aws", "echo secret");
    docker();
    expect(apply(folder).status).toBe(0);
  });
});
