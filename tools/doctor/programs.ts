import { gte, major } from "semver";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { lowestTerraform } from "../../stacks/versions.ts";
import { terraformProgram } from "../support/terraform.ts";
import { type Check, type Finding, notChecked, ok, problem, warning } from "./check.ts";
import { type Ended, runProgram, versionIn } from "./program.ts";

const awsCliInstallation = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html";

/** The programs that a deploy starts; without an environment, all that any may need. */
export function programChecks(environment?: Pick<ResolvedEnvironment, "workload">): Check[] {
  const workload = environment?.workload;
  const needsDocker = workload === undefined || buildsImage(workload);
  return [
    { name: "Terraform", run: terraform },
    { name: "AWS CLI", run: awsCli },
    { name: "Docker", run: () => (needsDocker ? docker() : notChecked(whyNoDocker(workload))) },
  ];
}

function buildsImage({ image, jobs }: ResolvedEnvironment["workload"]): boolean {
  return image.kind === "built" && jobs.length > 0;
}

function whyNoDocker({ image }: ResolvedEnvironment["workload"]): string {
  return image.kind === "built" ? "not needed: there is no job" : `not needed: workload.image is ${image.reference}`;
}

async function terraform(): Promise<Finding> {
  const program = terraformProgram();
  const ended = await runProgram(program, ["version", "-json"], { env: { ...process.env, CHECKPOINT_DISABLE: "1" } });
  const needed = `Terraform or OpenTofu ${lowestTerraform} or newer`;
  const install =
    "https://developer.hashicorp.com/terraform/install; for OpenTofu https://opentofu.org/docs/intro/install, and export TERRAFORM_BINARY_NAME=tofu";
  if (ended.outcome !== "ended" || ended.status !== 0) return problem(`${program}: ${why(ended)}`, needed, install);
  const version = versionIn(ended.stdout);
  // OpenTofu answers with the same keys; only what it prints for people names it.
  const found = `${/tofu/.test(program) ? "OpenTofu" : "Terraform"} ${version}`;
  return version !== undefined && gte(version, lowestTerraform) ? ok(found) : problem(found, needed, install);
}

async function awsCli(): Promise<Finding> {
  const ended = await runProgram("aws", ["--version"]);
  // The first generation printed its version on standard error once.
  const version = ended.outcome === "ended" ? versionIn(ended.stdout + ended.stderr) : undefined;
  const needed =
    "version 2: Terraform gets its token for the cluster from it, and Docker its password for the registry";
  if (version === undefined) return problem(why(ended), needed, awsCliInstallation);
  return major(version) >= 2 ? ok(version) : warning(version, needed, awsCliInstallation);
}

async function docker(): Promise<Finding> {
  const needed = "Docker with buildx, which builds the worker's image; or an image built elsewhere, as workload.image";
  const [client, server, buildx] = await Promise.all([
    runProgram("docker", ["--version"]),
    runProgram("docker", ["version", "--format", "{{.Server.Version}}"]),
    runProgram("docker", ["buildx", "version"]),
  ]);
  if (client.outcome === "missing") return problem("not on PATH", needed, "https://docs.docker.com/get-docker/");
  const runs = server.outcome === "ended" && server.status === 0;
  const builds = buildx.outcome === "ended" && buildx.status === 0;
  if (runs && builds) return ok(`${server.stdout.trim()}, buildx ${versionIn(buildx.stdout) ?? "there"}`);
  const start = process.platform === "linux" ? "sudo systemctl start docker" : "start Docker Desktop";
  return problem(
    [...(runs ? [] : [why(server)]), ...(builds ? [] : ["Docker has no buildx"])].join("; "),
    needed,
    [...(runs ? [] : [start]), ...(builds ? [] : ["install buildx: https://docs.docker.com/go/buildx/"])].join("; "),
  );
}

/** How a program that was of no use ended, in a line. */
function why(ended: Ended): string {
  if (ended.outcome === "missing") return "not on PATH";
  if (ended.outcome === "timeout") return `no answer in ${ended.seconds} s`;
  const last = `${ended.stderr}\n${ended.stdout}`.split("\n").find((line) => line.trim() !== "");
  return last?.trim() ?? `ended with ${ended.status}`;
}
