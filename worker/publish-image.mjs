// Builds the worker's image for the platforms below and pushes it with every tag that the registry lacks. `cdktf deploy` runs this
// program (constructs/workload/worker-image.ts). You can also run it in the repository, with the same four environment variables.
import { spawnSync } from "node:child_process";

const { IMAGE_REFERENCES = "", IMAGE_REGION: region, IMAGE_VERSION, IMAGE_BUILD_ARGUMENTS = "{}" } = process.env;
/** All in one repository. */
const references = IMAGE_REFERENCES.split(" ").filter((reference) => reference !== "");
const PLATFORMS = ["linux/amd64", "linux/arm64"];
/** The oldest buildx with --provenance is 0.10, of January 2023. */
const LEAST_BUILDX_MINOR = 10;
/** Name of the builder that this program makes where Docker's own one builds for one platform at a time. */
const BUILDER = "evaluation-platform";
const elsewhere = "or build the image elsewhere and name it as workload.image (docs/image.md)";

function fail(message) {
  console.error(`worker image: ${message}`);
  process.exit(1);
}

/** Runs a program and shows its output, which explains a failure. */
function run(file, args, options = {}) {
  const { status, error } = spawnSync(file, args, { stdio: ["ignore", "inherit", "inherit"], ...options });
  // With a status, the error is that the program did not read its input: it has explained why.
  if (error !== undefined && status === null) fail(`cannot start ${file}: ${error.message}`);
  const firstOption = args.findIndex((arg) => arg.startsWith("-"));
  if (status !== 0) fail(`${file} ${args.slice(0, firstOption).join(" ")} ended with ${status}`);
}

/** Whether a program ends with exit code 0. Its output is hidden. */
function succeeds(file, args) {
  return spawnSync(file, args, { stdio: "ignore" }).status === 0;
}

/** The standard output of a program; empty if it fails. */
function outputOf(file, args) {
  const { status, stdout } = spawnSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return status === 0 ? stdout : "";
}

/**
 * Options that choose a builder for several platforms. The builder inside Docker's daemon needs containerd's image store for that,
 * which older installations do not have: they get a builder in a container, once.
 * @see https://docs.docker.com/build/building/multi-platform/#prerequisites
 */
function builderOptions() {
  const isInDaemon = /^Driver:\s+docker$/m.test(outputOf("docker", ["buildx", "inspect"]));
  const hasImageStore = () =>
    outputOf("docker", ["info", "--format={{.DriverStatus}}"]).includes("io.containerd.snapshotter");
  if (!isInDaemon || hasImageStore()) return [];
  if (!succeeds("docker", ["buildx", "inspect", BUILDER]))
    run("docker", ["buildx", "create", `--name=${BUILDER}`, "--driver=docker-container"]);
  return [`--builder=${BUILDER}`];
}

/** Ends this program if buildx does not know the options below. A buildx of one's own, which has no version, is taken for a new one. */
function checkBuildx(output) {
  const [, minor] = /\bv?0\.([1-9]\d*)\./.exec(output) ?? [];
  if (minor !== undefined && Number(minor) < LEAST_BUILDX_MINOR)
    fail(
      `Docker's buildx is 0.${minor}, and 0.${LEAST_BUILDX_MINOR} or newer is needed: renew it (https://docs.docker.com/go/buildx/), ${elsewhere}`,
    );
}

/** The registry's description of an image; undefined if it gives none. */
function describedImage(name) {
  try {
    const output = outputOf("docker", ["buildx", "imagetools", "inspect", name, "--format={{json .Image}}"]);
    return JSON.parse(output) ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * The platforms that a base image has. Its registry tells the platform of each image: one for an image, several by their names for an
 * index. If the registry gives no answer, the build goes ahead and explains the reason.
 */
function platformsOf(baseImage) {
  const image = baseImage === undefined ? undefined : describedImage(baseImage);
  if (image === undefined) return PLATFORMS;
  const names = image.architecture === undefined ? Object.keys(image) : [`${image.os}/${image.architecture}`];
  // The name of an arm64 image may end with its variant: linux/arm64/v8.
  const platforms = PLATFORMS.filter((platform) => names.some((name) => `${name}/`.startsWith(`${platform}/`)));
  if (platforms.length === 0)
    fail(`${baseImage} is for ${names.join(", ")}: use a base image for ${PLATFORMS.join(" or ")}`);
  for (const missing of PLATFORMS.filter((platform) => !platforms.includes(platform)))
    process.stdout.write(`worker image: ${baseImage} is not for ${missing}, so the worker's image is not either\n`);
  return platforms;
}

const [reference] = references;
if (!reference || !region || !IMAGE_VERSION) fail("IMAGE_REFERENCES, IMAGE_REGION and IMAGE_VERSION must be set");
// Check for missing programs first, one by one: Docker's own messages do not tell these cases apart.
if (spawnSync("docker", ["--version"], { stdio: "ignore" }).error !== undefined)
  fail(`Docker is not installed: install it (https://docs.docker.com/get-docker/), ${elsewhere}`);
const buildx = outputOf("docker", ["buildx", "version"]);
if (buildx === "") fail(`Docker has no buildx: install it (https://docs.docker.com/go/buildx/), ${elsewhere}`);
checkBuildx(buildx);
if (!succeeds("docker", ["version"])) fail(`Docker is not running: start it, ${elsewhere}`);

const registry = reference.slice(0, reference.indexOf("/"));
if (/\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/.test(registry)) {
  const login = spawnSync("aws", ["ecr", "get-login-password", "--region", region], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (login.error !== undefined) fail("the AWS CLI is not installed: https://docs.aws.amazon.com/cli/");
  if (login.status !== 0) fail(`aws ecr get-login-password ended with ${login.status}`);
  // Use standard input for the password, because everybody on the machine can see arguments.
  const args = ["login", "--username", "AWS", "--password-stdin", registry];
  run("docker", args, { input: login.stdout, stdio: ["pipe", "ignore", "inherit"] });
}

// Tags are immutable: pushing an existing one would fail, and equal tags have equal content.
const missing = references.filter((name) => !succeeds("docker", ["buildx", "imagetools", "inspect", name]));
for (const present of references.filter((name) => !missing.includes(name)))
  process.stdout.write(`worker image: ${present} is in the registry already\n`);
if (missing.length > 0) {
  const given = JSON.parse(IMAGE_BUILD_ARGUMENTS);
  const buildArguments = Object.entries({ ...given, VERSION: IMAGE_VERSION });
  run("docker", [
    "buildx",
    "build",
    ...builderOptions(),
    `--platform=${platformsOf(given.BASE_IMAGE).join(",")}`,
    "--file=worker/Dockerfile",
    ...buildArguments.map(([name, value]) => `--build-arg=${name}=${value}`),
    ...missing.map((name) => `--tag=${name}`),
    // One manifest for each platform, and none about the build: a pod has no use for it, and older registries refuse it.
    "--provenance=false",
    "--push",
    ".",
  ]);
  for (const pushed of missing) process.stdout.write(`worker image: pushed ${pushed}\n`);
}
