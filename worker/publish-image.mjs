// Builds the worker's image for linux/amd64 and pushes it, unless the registry has it already. `cdktf deploy` runs this program
// (constructs/workload/worker-image.ts). You can also run it in the repository, with the same three environment variables.
import { spawnSync } from "node:child_process";

const { IMAGE_REFERENCE: reference, IMAGE_REGION: region, IMAGE_BUILD_ARGUMENTS = "{}" } = process.env;
const elsewhere = "or build the image elsewhere and name it as workload.image (docs/image.md)";

function fail(message) {
  console.error(`worker image: ${message}`);
  process.exit(1);
}

/** Runs a program and shows its output, which explains a failure. */
function run(file, args, options = {}) {
  const { status, error } = spawnSync(file, args, { stdio: ["ignore", "inherit", "inherit"], ...options });
  if (error !== undefined) fail(`cannot start ${file}: ${error.message}`);
  if (status !== 0) fail(`${file} ${args.slice(0, 2).join(" ")} ended with ${status}`);
}

/** Whether a program ends with exit code 0. Its output is hidden. */
function succeeds(file, args) {
  return spawnSync(file, args, { stdio: "ignore" }).status === 0;
}

if (!reference || !region) fail("IMAGE_REFERENCE and IMAGE_REGION must be set");
// Check for missing programs first, one by one: Docker's own messages do not tell these three cases apart.
if (spawnSync("docker", ["--version"], { stdio: "ignore" }).error !== undefined)
  fail(`Docker is not installed: install it (https://docs.docker.com/get-docker/), ${elsewhere}`);
if (!succeeds("docker", ["buildx", "version"]))
  fail(`Docker has no buildx: install it (https://docs.docker.com/go/buildx/), ${elsewhere}`);
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
if (succeeds("docker", ["buildx", "imagetools", "inspect", reference])) {
  process.stdout.write(`worker image: ${reference} is in the registry already\n`);
} else {
  const version = reference.slice(reference.lastIndexOf(":") + 1);
  const buildArguments = Object.entries({ ...JSON.parse(IMAGE_BUILD_ARGUMENTS), VERSION: version });
  run("docker", [
    "buildx",
    "build",
    "--platform=linux/amd64",
    "--file=worker/Dockerfile",
    ...buildArguments.map(([name, value]) => `--build-arg=${name}=${value}`),
    `--tag=${reference}`,
    // Push one manifest and no index: the registry's rule for untagged images would count the parts of an index as untagged.
    "--provenance=false",
    "--push",
    ".",
  ]);
  process.stdout.write(`worker image: pushed ${reference}\n`);
}
