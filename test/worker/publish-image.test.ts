import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = join(__dirname, "../../worker/publish-image.mjs");
const reference = "111122223333.dkr.ecr.us-west-2.amazonaws.com/dev/ttg-worker:0123456789abcdef";
const elsewhere = "or build the image elsewhere and name it as workload.image (docs/image.md)";
let programs: string;

beforeEach(() => {
  programs = mkdtempSync(join(tmpdir(), "publish-image-"));
});
afterEach(() => rmSync(programs, { recursive: true, force: true }));

/** Answers of a Docker: a line of the shell for each beginning of a command line. Other commands succeed and print nothing. */
interface Docker {
  readonly [command: string]: string;
}
const WORKING: Docker = {
  "buildx version": "echo 'github.com/docker/buildx v0.23.0 28c90ea'",
  "buildx inspect": "echo 'Name: default'; echo 'Driver:        docker'",
  login: "read -r password",
  info: "echo '[[driver-type io.containerd.snapshotter.v1]]'",
  [`buildx imagetools inspect ${reference}`]: "exit 1",
};

function writeProgram(name: string, answers: Docker): void {
  const log = join(programs, "log");
  const cases = Object.entries(answers).map(([command, answer]) => `"${command}"*) ${answer} ;;`);
  const script = ["#!/bin/sh", `echo "${name} $*" >> "${log}"`, 'case "$*" in', ...cases, "esac", ""].join("\n");
  writeFileSync(join(programs, name), script);
  chmodSync(join(programs, name), 0o755);
}

/** Runs the program with this Docker, or without one, and with an AWS CLI. */
function publish(docker: Docker | undefined, buildArguments: object = {}, references = [reference]) {
  writeProgram("aws", { ecr: "echo password" });
  if (docker !== undefined) writeProgram("docker", docker);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    encoding: "utf8",
    env: {
      PATH: programs,
      IMAGE_REFERENCES: references.join(" "),
      IMAGE_REGION: "us-west-2",
      IMAGE_VERSION: "fedcba9876543210",
      IMAGE_BUILD_ARGUMENTS: JSON.stringify(buildArguments),
    },
  });
  const log = join(programs, "log");
  const commands = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
  const build = commands.find((command) => command.startsWith("docker buildx build"));
  return { status, stdout, stderr, commands, build };
}

test.each<[string, Docker | undefined, string]>([
  ["is missing", undefined, `Docker is not installed: install it (https://docs.docker.com/get-docker/), ${elsewhere}`],
  [
    "has no buildx",
    { "buildx version": "exit 1" },
    `Docker has no buildx: install it (https://docs.docker.com/go/buildx/), ${elsewhere}`,
  ],
  [
    "has an old buildx",
    { ...WORKING, "buildx version": "echo 'github.com/docker/buildx v0.9.1 ed00243'" },
    `Docker's buildx is 0.9, and 0.10 or newer is needed: renew it (https://docs.docker.com/go/buildx/), ${elsewhere}`,
  ],
  ["does not run", { ...WORKING, version: "exit 1" }, `Docker is not running: start it, ${elsewhere}`],
])("a Docker that %s is named before anything is done", (_, docker, message) => {
  const { status, stderr, commands } = publish(docker);
  expect({ status, stderr }).toEqual({ status: 1, stderr: `worker image: ${message}\n` });
  expect(commands.filter((command) => !/^docker (--version|version|buildx version)$/.test(command))).toEqual([]);
});

test("an image that the registry has is not built again", () => {
  const { status, stdout, build } = publish({ ...WORKING, [`buildx imagetools inspect ${reference}`]: "exit 0" });
  expect({ status, stdout, build }).toEqual({
    status: 0,
    stdout: `worker image: ${reference} is in the registry already\n`,
    build: undefined,
  });
});

test("an image of several jobs is built once, and gets the tags that the registry lacks and no others", () => {
  const [present, ...missing] = ["0", "1", "2"].map((digit) => reference.replace(/[^:]*$/, digit.repeat(16)));
  const docker = { [`buildx imagetools inspect ${present}`]: "exit 0", "buildx imagetools inspect": "exit 1" };
  const { status, stdout, commands } = publish({ ...docker, ...WORKING }, {}, [String(present), ...missing]);
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: `worker image: ${present} is in the registry already\n${missing.map((name) => `worker image: pushed ${name}\n`).join("")}`,
  });
  const builds = commands.filter((command) => command.startsWith("docker buildx build"));
  expect(builds).toHaveLength(1);
  expect([...(builds[0] ?? "").matchAll(/--tag=(\S+)/g)].map(([, tag]) => tag)).toEqual(missing);
});

test("an image is built for both platforms, without a manifest about the build, and pushed", () => {
  const { status, stdout, build, commands } = publish(WORKING);
  expect({ status, stdout }).toEqual({ status: 0, stdout: `worker image: pushed ${reference}\n` });
  expect(build).toBe(
    `docker buildx build --platform=linux/amd64,linux/arm64 --file=worker/Dockerfile --build-arg=VERSION=fedcba9876543210 --tag=${reference} --provenance=false --push .`,
  );
  expect(commands).toContain(
    "docker login --username AWS --password-stdin 111122223333.dkr.ecr.us-west-2.amazonaws.com",
  );
});

test("a login that fails without reading the password is a failed login", () => {
  const { status, stderr, build } = publish({ ...WORKING, login: "echo 'no space left' >&2; exit 1" });
  expect({ status, stderr, build }).toEqual({
    status: 1,
    stderr: "no space left\nworker image: docker login ended with 1\n",
    build: undefined,
  });
});

test("a buildx of one's own, without a version, is taken for a new one", () => {
  expect(publish({ ...WORKING, "buildx version": "echo 'github.com/docker/buildx 0.0.0+unknown'" }).status).toBe(0);
});

test("a Docker that builds for one platform at a time gets a builder in a container, once", () => {
  const old: Docker = { "buildx inspect evaluation-platform": "exit 1", ...WORKING, info: "echo '[[Backing extfs]]'" };
  const first = publish(old);
  expect(first.commands).toContain("docker buildx create --name=evaluation-platform --driver=docker-container");
  expect(first.build).toContain(
    "docker buildx build --builder=evaluation-platform --platform=linux/amd64,linux/arm64 ",
  );
  rmSync(join(programs, "log"));
  const second = publish({ ...old, "buildx inspect evaluation-platform": "exit 0" });
  expect(second.commands.filter((command) => command.includes("create"))).toEqual([]);
  expect(second.build).toContain("--builder=evaluation-platform");
});

describe("on a base image", () => {
  const base = "docker.io/library/python:3.13-slim-bookworm";
  const on = (answer: string) =>
    publish({ ...WORKING, [`buildx imagetools inspect ${base}`]: answer }, { BASE_IMAGE: base });

  test("of both platforms, the worker's image is for both", () => {
    const { build, stdout } = on(
      `echo '{"linux/386": {}, "linux/amd64": {}, "linux/arm64/v8": {}, "unknown/unknown": {}}'`,
    );
    expect(build).toContain(` --platform=linux/amd64,linux/arm64 `);
    expect(build).toContain(` --build-arg=BASE_IMAGE=${base} `);
    expect(stdout).toBe(`worker image: pushed ${reference}\n`);
  });

  test("of one platform, it is for that one, and the other one is named", () => {
    const { build, stdout } = on(`echo '{"architecture": "amd64", "os": "linux"}'`);
    expect(build).toContain(" --platform=linux/amd64 ");
    expect(stdout).toContain(`worker image: ${base} is not for linux/arm64, so the worker's image is not either\n`);
  });

  test("of other platforms, it is refused", () => {
    const { status, stderr } = on(`echo '{"architecture": "s390x", "os": "linux"}'`);
    expect(status).toBe(1);
    expect(stderr).toBe(`worker image: ${base} is for linux/s390x: use a base image for linux/amd64 or linux/arm64\n`);
  });

  test.each(["exit 1", "echo null", "echo 'Name: no JSON'"])(
    "that is not described (%s), the build itself decides",
    (answer) => {
      expect(on(answer).build).toContain(" --platform=linux/amd64,linux/arm64 ");
    },
  );
});
