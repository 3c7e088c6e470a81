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
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { App } from "cdktf";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { PlatformStack } from "../../stacks/platform-stack.ts";
import { terraformProgram } from "../../tools/support/terraform.ts";
import { resolved } from "./fixtures.ts";
import { awsProvider, awsProviderVersion, mirrorConfiguration, terraformEnvironment } from "./mirror.ts";
import type { Plan } from "./plan.ts";

/** The registry that OpenTofu takes `hashicorp/aws` from; mirrors have it under Terraform's. */
const openTofuRegistry = "registry.opentofu.org";

/** Whether the tests run under OpenTofu: `TERRAFORM_BINARY_NAME=tofu`, or the path of one. */
function isOpenTofu(): boolean {
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
    new PlatformStack(app, id, { environment: resolved(environment) });
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

  /** Runs Terraform in a folder, and returns its standard output. @throws Error with its whole output. */
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

  /** `plan`, and the output of `show -json`. */
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
