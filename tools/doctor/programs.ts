import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { coerce, gte, type SemVer, satisfies } from "semver";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { repository } from "../../stacks/repository.ts";
import { lowestTerraform } from "../../stacks/versions.ts";
import { terraformProgram } from "../support/terraform.ts";
import { type Check, type Finding, notChecked, ok, problem } from "./report.ts";

/** The end of a program. */
export interface Ended {
  readonly succeeded: boolean;
  readonly stdout: string;
  /** The reason of its failure, in a line; empty if it succeeded. */
  readonly reason: string;
}

/** Runs a program and never throws. A program that hangs (a credential helper, a socket) must not hang the doctor. */
export function runProgram(
  file: string,
  args: readonly string[],
  { seconds = 20, env = process.env }: { readonly seconds?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise((done) => {
    const options = { timeout: seconds * 1000, killSignal: "SIGKILL", env } as const;
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      // A proxy may answer with a whole page.
      const text = `${stderr}\n${stdout}`.trim().replace(/\s+/g, " ").slice(0, 300);
      const reason =
        error === null
          ? ""
          : error.code === "ENOENT" || error.code === "EACCES"
            ? "not on PATH"
            : error.killed
              ? `no answer in ${seconds} s`
              : text || `ended with ${error.signal ?? error.code}`;
      done({ succeeded: error === null, stdout, reason });
    });
    // Nobody answers a question that a program asks.
    child.stdin?.end();
  });
}

/** The part of an environment that decides whether it needs an image. */
export type Imaged = Pick<ResolvedEnvironment, "workload" | "services">;

/** The programs that a deploy starts; without an environment, all that any environment may need. */
export function programChecks(environment?: Imaged): Check[] {
  return [
    { name: "Terraform", run: terraform },
    { name: "AWS CLI", run: awsCli },
    { name: "Docker", run: () => docker(environment) },
  ];
}

export function nodeFinding(version: string): Finding {
  const { engines } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  const maintained = readFileSync(join(repository, ".nvmrc"), "utf8").trim();
  if (satisfies(version, engines.node)) return ok(version);
  return problem(version, `${engines.node} (package.json)`, `nvm install ${maintained}, or https://nodejs.org`);
}

async function terraform(): Promise<Finding> {
  const program = terraformProgram();
  const ended = await runProgram(program, ["version", "-json"], { env: { ...process.env, CHECKPOINT_DISABLE: "1" } });
  const install =
    "https://developer.hashicorp.com/terraform/install; for OpenTofu https://opentofu.org/docs/intro/install, and export TERRAFORM_BINARY_NAME=tofu";
  // OpenTofu answers with the same keys as Terraform.
  const name = /tofu/.test(program) ? "OpenTofu" : "Terraform";
  return versionFinding(program, ended, name, {
    lowest: lowestTerraform,
    needed: `Terraform or OpenTofu ${lowestTerraform} or newer`,
    install,
  });
}

async function awsCli(): Promise<Finding> {
  return versionFinding("aws", await runProgram("aws", ["--version"]), "", {
    lowest: "2.0.0",
    needed: "version 2: Terraform gets its token for the cluster from it, and Docker its password for the registry",
    install: "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
  });
}

function versionFinding(
  program: string,
  { succeeded, stdout, reason }: Ended,
  name: string,
  { lowest, needed, install }: { readonly lowest: string; readonly needed: string; readonly install: string },
): Finding {
  if (!succeeded) return problem(`${program}: ${reason}`, needed, install);
  const version = versionIn(stdout);
  if (version === undefined) {
    return problem(`${program}: no version in ${JSON.stringify(stdout.trim().slice(0, 80))}`, needed, install);
  }
  const found = `${name} ${version}`.trim();
  return gte(version, lowest) ? ok(found) : problem(found, needed, install);
}

/** The first dotted version in a text; undefined if there is none, whatever a program printed. */
function versionIn(text: string): SemVer | undefined {
  return coerce(/\d+\.\d+\.\d+/.exec(text)?.[0]) ?? undefined;
}

/** Whether an environment runs nothing that has the worker's image. */
export function needsNoImage({ workload: { jobs, executors }, services }: Imaged): boolean {
  return jobs.length === 0 && executors.length === 0 && services === undefined;
}

async function docker(environment: Imaged | undefined): Promise<Finding> {
  const image = environment?.workload.image;
  if (image?.kind === "prebuilt") return notChecked(`not needed: workload.image is ${image.reference}`);
  if (environment !== undefined && needsNoImage(environment)) return notChecked("not needed: there is no job");
  const needed = "Docker with buildx, which builds the worker's image; or an image built elsewhere, as workload.image";
  const [server, buildx] = await Promise.all([
    runProgram("docker", ["version", "--format", "{{.Server.Version}}"]),
    runProgram("docker", ["buildx", "version"]),
  ]);
  if (!server.succeeded) {
    const fix = "install Docker (https://docs.docker.com/get-docker/), or start it";
    return problem(`docker: ${server.reason}`, needed, fix);
  }
  if (!buildx.succeeded) return problem("Docker has no buildx", needed, "https://docs.docker.com/go/buildx/");
  return ok(`${server.stdout.trim()}, with buildx`);
}
