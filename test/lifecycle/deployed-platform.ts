import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { App } from "cdktf";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { PlatformStack } from "../../stacks/platform-stack.ts";
import { keptSizes } from "../../tools/diff/kept-sizes.ts";
import { terraformProgram } from "../../tools/support/terraform.ts";
import { resolved } from "../support/fixtures.ts";
import { mirrorConfiguration } from "../support/mirror.ts";
import type { Plan, ResourceChange } from "../support/plan.ts";
import { startProgram } from "../support/sweep.ts";
import { imitatedAccount } from "./imitated-aws.ts";

/** A step of an apply, in the order in which Terraform took them. */
export interface Step {
  /** `apply_start`, `apply_complete` or `apply_errored`. */
  readonly type: string;
  readonly action: "create" | "update" | "delete";
  readonly address: string;
}

/** The platform of one environment, whose stack Terraform deploys again and again to the imitated AWS. */
export class DeployedPlatform {
  private readonly folder: string;
  private readonly env: Record<string, string>;

  constructor(
    private readonly root: string,
    mirror: string,
    readonly awsAddress: string,
  ) {
    mkdirSync(root, { recursive: true });
    const configuration = join(root, "terraform.rc");
    writeFileSync(configuration, mirrorConfiguration(mirror));
    this.folder = join(root, "cdktf.out", "stacks", "dev-platform");
    this.env = {
      TF_CLI_CONFIG_FILE: configuration,
      TF_IN_AUTOMATION: "1",
      CHECKPOINT_DISABLE: "1",
      AWS_ENDPOINT_URL: awsAddress,
      AWS_ACCESS_KEY_ID: "imitated",
      AWS_SECRET_ACCESS_KEY: "imitated",
    };
  }

  /** Deploys a changed environment; `error` is what Terraform says if it fails. */
  async apply(environment: Environment, ...args: string[]): Promise<{ steps: readonly Step[]; error: string }> {
    await this.synthesize(environment);
    const { code, stdout } = await this.terraform("apply", "-auto-approve", "-input=false", "-json", ...args);
    const events = stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
    const steps = events
      .filter(({ type }) => /^apply_(start|complete|errored)$/.test(type))
      .map(({ type, hook }) => ({ type, action: hook.action, address: hook.resource.addr }));
    const errors = events.filter((event) => event["@level"] === "error" && event.diagnostic !== undefined);
    const error = errors.map(({ diagnostic }) => `${diagnostic.summary}\n${diagnostic.detail}`).join("\n");
    if ((code === 0) !== (error === "")) throw new Error(`terraform apply ended with ${code}:\n${stdout.slice(-5000)}`);
    return { steps, error };
  }

  /** The changes that a deploy of a changed environment would make. */
  async plan(environment: Environment): Promise<readonly ResourceChange[]> {
    await this.synthesize(environment);
    await this.mustSucceed("plan", "-input=false", "-no-color", "-out=plan.out");
    const plan: Plan = JSON.parse(await this.mustSucceed("show", "-json", "plan.out"));
    return plan.resource_changes.filter(({ change }) => String(change.actions) !== "no-op");
  }

  /** The arguments with which `npm run deploy` plans a changed environment again. */
  async keptSizes(environment: Environment): Promise<string[]> {
    const resource_changes = await this.plan(environment);
    const json = readFileSync(join(this.folder, "cdk.tf.json"), "utf8");
    return keptSizes({ format_version: "1.2", resource_changes }, { json });
  }

  /** Attributes of every resource in the state, by address, without those that wait to be deleted. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it.
  get state(): ReadonlyMap<string, any> {
    const state = JSON.parse(readFileSync(join(this.root, "terraform.dev-platform.tfstate"), "utf8"));
    return new Map(
      // biome-ignore lint/suspicious/noExplicitAny: as above.
      state.resources.map(({ type, name, instances }: any) => [
        `${type}.${name}`,
        // biome-ignore lint/suspicious/noExplicitAny: as above.
        instances.find(({ deposed }: any) => deposed === undefined)?.attributes,
      ]),
    );
  }

  /** The state of the only resource whose address begins with this. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  stateOf(prefix: string): any {
    const found = [...this.state].filter(([address]) => address.startsWith(prefix));
    if (found.length !== 1) throw new Error(`${found.length} resources begin with ${prefix}`);
    return found[0]?.[1];
  }

  private async synthesize(environment: Environment): Promise<void> {
    const app = new App({ outdir: join(this.root, "cdktf.out") });
    new PlatformStack(app, "dev-platform", {
      environment: resolved({
        ...environment,
        accountId: imitatedAccount,
        cluster: { ...environment.cluster, administrators: [`arn:aws:iam::${imitatedAccount}:role/administrator`] },
      }),
    });
    app.synth();
    // Once: each reads the whole provider, which is 700 MB, and the backend and the providers stay the same.
    if (!existsSync(join(this.folder, ".terraform"))) await this.mustSucceed("init", "-input=false", "-no-color");
  }

  private async mustSucceed(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.terraform(...args);
    if (code === 0) return stdout;
    throw new Error(`terraform ${args.join(" ")} ended with ${code}:\n${`${stdout}${stderr}`.slice(-5000)}`);
  }

  private terraform(...args: string[]) {
    const program = [terraformProgram(), `-chdir=${this.folder}`, ...args];
    return startProgram(program, { cwd: this.root, env: this.env }).finished;
  }
}
