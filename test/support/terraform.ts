import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { App } from "cdktf";
import type { Environment } from "../../stacks/config.ts";
import { PlatformStack } from "../../stacks/platform-stack.ts";
import { terraformProgram } from "../../tools/terraform.ts";
import type { Plan } from "./plan.ts";

/** The lowest AWS provider the platform supports: what plans there plans with later ones. */
const awsProviderVersion = "5.100.0";
const awsProvider = join("registry.terraform.io", "hashicorp", "aws");
/** The registry that OpenTofu takes `hashicorp/aws` from; mirrors have it under Terraform's. */
const openTofuRegistry = "registry.opentofu.org";

/** Where Terraform finds the AWS provider without the internet, or why the tests cannot run. */
export type Mirror = { readonly path: string } | { readonly missing: string };

/**
 * The folder that holds `registry.terraform.io`: `TF_PLUGIN_MIRROR`, one of Terraform's own places, or wherever on this
 * disk one lies. `terraform providers mirror <folder>` makes one.
 */
export function findMirror(): Mirror {
  const program = terraformProgram();
  if (spawnSync(program, ["-version"], { env: terraformEnvironment() }).status !== 0) {
    return { missing: `${program} is not on PATH` };
  }
  const usual = [
    join(homedir(), ".terraform.d/plugins"),
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
  ];
  const named = process.env.TF_PLUGIN_MIRROR;
  const path = named !== undefined ? [named].find(holdsProvider) : (usual.find(holdsProvider) ?? searchDisk());
  if (path !== undefined) return { path };
  const wanted = `${awsProvider} ${awsProviderVersion}`;
  if (named !== undefined) return { missing: `TF_PLUGIN_MIRROR (${named}) does not hold ${wanted}` };
  return { missing: `no folder on this disk holds ${wanted}; set TF_PLUGIN_MIRROR to one that does` };
}

function holdsProvider(path: string): boolean {
  return existsSync(join(path, awsProvider, awsProviderVersion));
}

function searchDisk(): string | undefined {
  const found = spawnSync(
    "find",
    ["/", "-xdev", "-maxdepth", "9", "-type", "d", "-path", `*/${awsProvider}/${awsProviderVersion}`],
    { encoding: "utf8", timeout: 30_000 },
  );
  // Not from another project's .terraform, which may be gone the next minute.
  const first = (found.stdout ?? "").split("\n").find((path) => !path.includes("/.terraform/"));
  return first ? first.slice(0, first.indexOf(awsProvider) - 1) : undefined;
}

function terraformEnvironment(own: Record<string, string> = {}): NodeJS.ProcessEnv {
  // Nothing of the user's: no configuration, no arguments, no credentials.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(TF_|AWS_)/.test(name));
  return { ...Object.fromEntries(inherited), CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", ...own };
}

/** What a file must hold that TF_CLI_CONFIG_FILE names, for providers to come from a folder. */
export function mirrorConfiguration(mirror: string): string {
  return `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`;
}

/** Whether the tests run under OpenTofu: `TERRAFORM_BINARY_NAME=tofu`, or the path of one. */
export function isOpenTofu(): boolean {
  return basename(terraformProgram()) === "tofu";
}

/** Gives the files of a folder a second name each, or, on another disk, a copy. */
function linkFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const [source, target] = [realpathSync(join(from, name)), join(to, name)];
    if (statSync(source).isDirectory()) linkFiles(source, target);
    else {
      try {
        linkSync(source, target);
      } catch {
        copyFileSync(source, target);
      }
    }
  }
}

/** One folder with everything the tests write, and one initialised provider for all of them. */
export class TerraformWorkspace {
  readonly root = mkdtempSync(join(tmpdir(), "platform-terraform-"));

  constructor(mirror: string) {
    writeFileSync(
      join(this.root, "terraform.rc"),
      mirrorConfiguration(isOpenTofu() ? this.mirrorForOpenTofu(mirror) : mirror),
    );
  }

  /** The same provider under the name of OpenTofu's registry: files with two names, since it follows no link to a folder. */
  private mirrorForOpenTofu(mirror: string): string {
    const path = join(this.root, "mirror");
    const provider = join(awsProvider, awsProviderVersion);
    linkFiles(join(mirror, provider), join(path, provider.replace("registry.terraform.io", openTofuRegistry)));
    return path;
  }

  /** Synthesizes the platform of an environment as `cdktf synth` does, and returns its stack's folder. */
  synthesize(environment: Environment): string {
    const id = `${environment.name}-platform`;
    const app = new App({ outdir: join(this.root, "cdktf.out") });
    new PlatformStack(app, id, environment);
    app.synth();
    return join(app.outdir, "stacks", id);
  }

  /** A copy of a stack's folder: the lowest provider, dummy credentials, no request to AWS, and the state beside it. */
  copyWithoutAccount(folder: string, name: string): string {
    const copy = join(this.root, `${name}-without-account`);
    mkdirSync(copy);
    cpSync(join(folder, "cdk.tf.json"), join(copy, "cdk.tf.json"));
    const aws = {
      access_key: "dummy",
      secret_key: "dummy",
      skip_credentials_validation: true,
      skip_metadata_api_check: true,
      skip_requesting_account_id: true,
      // It could only be compared with the account of real credentials.
      allowed_account_ids: null,
    };
    const required_providers = { aws: { source: "aws", version: awsProviderVersion } };
    const override = { terraform: { backend: { local: {} }, required_providers }, provider: { aws: [aws] } };
    writeFileSync(join(copy, "test_override.tf.json"), JSON.stringify(override));
    return copy;
  }

  /** Runs Terraform in a folder; standard output, or an error with all it said. */
  run(folder: string, ...args: string[]): string {
    const env = terraformEnvironment({
      TF_CLI_CONFIG_FILE: join(this.root, "terraform.rc"),
      TF_DATA_DIR: join(this.root, "data", basename(folder)),
    });
    const options = { cwd: folder, env, encoding: "utf8", maxBuffer: 256 * 1024 * 1024 } as const;
    const { status, stdout, stderr } = spawnSync(terraformProgram(), args, options);
    if (status === 0) return stdout;
    throw new Error(`${terraformProgram()} ${args.join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
  }

  /** `init`, without a backend for a stack as it was synthesized, and with the local one for a copy. */
  init(folder: string): string {
    const copied = existsSync(join(folder, "test_override.tf.json"));
    return this.run(folder, "init", "-input=false", "-no-color", ...(copied ? [] : ["-backend=false"]));
  }

  /** `plan`, and what `show -json` says of it. */
  plan(folder: string): { output: string; plan: Plan } {
    const output = this.run(folder, "plan", "-input=false", "-no-color", "-out=plan.out");
    return { output, plan: JSON.parse(this.run(folder, "show", "-json", "plan.out")) };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Reads a file of a stack's folder. */
export function readStackFile(folder: string, file = "cdk.tf.json"): string {
  return readFileSync(join(folder, file), "utf8");
}
