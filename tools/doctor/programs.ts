import { type ExecFileException, execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { coerce, gte, type SemVer, satisfies } from "semver";
import { z } from "zod";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { repository } from "../../stacks/repository.ts";
import { lowestTerraform } from "../../stacks/versions.ts";
import { parsed, printable } from "../support/answers.ts";
import { terraformProgram } from "../support/terraform.ts";
import { type Check, type Finding, notChecked, ok, problem } from "./report.ts";

/** The end of a program. */
export interface Ended {
  readonly succeeded: boolean;
  readonly stdout: string;
  /** The reason of its failure, in a line; empty if it succeeded. */
  readonly reason: string;
}

/** The AWS CLI lists all load balancers of an account at once. */
const mostBytes = 64 * 2 ** 20;

/**
 * Runs a program and never throws. A program that hangs (a credential helper, a socket) must not hang the doctor, and neither may a program
 * that it has started, which keeps its output open. Some programs cannot even be started: those of another processor, links in a circle.
 */
export function runProgram(
  file: string,
  args: readonly string[],
  { seconds = 20, env = process.env }: { readonly seconds?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise<Ended>((done) => {
    const child = execFile(file, args, { env, maxBuffer: mostBytes }, (error, stdout, stderr) => {
      clearTimeout(timer);
      if (error === null) return done({ succeeded: true, stdout, reason: "" });
      done({ succeeded: false, stdout, reason: reasonOf(error, `${stderr}\n${stdout}`) });
    });
    const timer = setTimeout(() => {
      done({ succeeded: false, stdout: "", reason: `no answer in ${seconds} s` });
      child.kill("SIGKILL");
      for (const stream of [child.stdout, child.stderr]) stream?.destroy();
      child.unref();
    }, seconds * 1000);
    // Nobody answers a question that a program asks.
    child.stdin?.end();
  }).catch(({ message }: Error) => ({ succeeded: false, stdout: "", reason: `cannot be started: ${message}` }));
}

/** Of a program that cannot be started, that a signal has ended, or that has failed. */
function reasonOf({ code, signal }: ExecFileException, text: string): string {
  if (code === "ENOENT") return notOnPath;
  if (code === "EACCES") return `${notOnPath} as a program that may be executed`;
  // A proxy may answer with a whole page, and a broken program with anything.
  const said = printable(text).slice(0, 300);
  const end = `ended with ${signal ?? code}`;
  if (signal) return said === "" ? end : `${end}: ${said}`;
  return said || end;
}

const notOnPath = "not on PATH";

/** Whether a reason means that there is no such program. */
export const isMissing = (reason: string) => reason.startsWith(notOnPath);

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

const terraformSchema = z.object({ terraform_version: z.string() });

async function terraform(): Promise<Finding> {
  const program = terraformProgram();
  const ended = await runProgram(program, ["version", "-json"], { env: { ...process.env, CHECKPOINT_DISABLE: "1" } });
  const install =
    "https://developer.hashicorp.com/terraform/install; for OpenTofu https://opentofu.org/docs/intro/install, and export TERRAFORM_BINARY_NAME=tofu";
  // OpenTofu answers with the same keys as Terraform.
  const name = /tofu/.test(program) ? "OpenTofu" : "Terraform";
  return versionFinding(program, ended, name, {
    lowest: lowestTerraform,
    versionOf: (stdout) => terraformSchema.safeParse(parsed(stdout)).data?.terraform_version,
    needed: `Terraform or OpenTofu ${lowestTerraform} or newer`,
    install,
  });
}

async function awsCli(): Promise<Finding> {
  return versionFinding("aws", await runProgram("aws", ["--version"]), "", {
    lowest: "2.0.0",
    versionOf: (stdout) => /^aws-cli\/(\S+)/.exec(stdout)?.[1],
    needed: "version 2: Terraform gets its token for the cluster from it, and Docker its password for the registry",
    install: "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
  });
}

interface VersionNeeds {
  readonly lowest: string;
  /** The place in the answer where the version stands. */
  readonly versionOf: (stdout: string) => string | undefined;
  readonly needed: string;
  readonly install: string;
}

function versionFinding(
  program: string,
  { succeeded, stdout, reason }: Ended,
  name: string,
  { lowest, versionOf, needed, install }: VersionNeeds,
): Finding {
  if (!succeeded) return problem(`${program}: ${reason}`, needed, install);
  const version = versionIn(versionOf(stdout) ?? "");
  if (version === undefined) return problem(`${program}: no version in ${start(stdout)}`, needed, install);
  const found = `${name} ${version}`.trim();
  return gte(version, lowest) ? ok(found) : problem(found, needed, install);
}

/** The start of an answer that is none. */
export const start = (stdout: string) => JSON.stringify(printable(stdout).slice(0, 80));

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
  const version = versionIn(/^v?(\d\S*)/.exec(server.stdout)?.[1] ?? "");
  if (version === undefined) {
    const fix = "run docker version and compare, or install Docker anew (https://docs.docker.com/get-docker/)";
    return problem(`docker: no version in ${start(server.stdout)}`, needed, fix);
  }
  const install = "https://docs.docker.com/go/buildx/";
  if (/^(no answer|ended with SIG)/.test(buildx.reason)) {
    return problem(`docker buildx: ${buildx.reason}`, needed, install);
  }
  if (!buildx.succeeded) return problem("Docker has no buildx", needed, install);
  return ok(`${version}, with buildx`);
}
