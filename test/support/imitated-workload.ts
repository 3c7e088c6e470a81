import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { App } from "cdktf";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { createStacks } from "../../stacks/create-stacks.ts";
import { terraformProgram } from "../../tools/support/terraform.ts";
import { resolved } from "./fixtures.ts";
import { stateWith } from "./kubernetes-terraform.ts";
import { terraformEnvironment } from "./mirror.ts";
import { synthesizeApp } from "./synthesized.ts";

/**
 * The stacks of an environment between the platform and the workload, deployed by real Terraform without a cluster: every Kubernetes
 * resource is a `terraform_data` with the same address and the same dependencies, which is replaced when Kubernetes could not change
 * it. Platform and addons count as deployed.
 */
export class ImitatedWorkload {
  /** @param root a folder for everything. @param programs the folder on PATH that has `docker` and `node`. */
  constructor(
    private readonly root: string,
    private readonly programs: string,
  ) {}

  /** Deploys as `cdktf deploy` does: a stack after those that it depends on, and nothing behind one that fails. */
  deploy(environment: Environment): { readonly failed: string | undefined; readonly output: string } {
    let output = "";
    for (const folder of this.synthesize(environment)) {
      for (const args of [["init"], ["apply", "-auto-approve"]]) {
        const { status, stdout, stderr } = this.terraform(folder, ...args);
        output += `${stdout}${stderr}`;
        if (status !== 0) return { failed: basename(folder), output };
      }
    }
    return { failed: undefined, output };
  }

  /** The actions of a plan of the workload by address, those without a change left out. */
  plan(environment: Environment): Record<string, readonly string[]> {
    const folder = this.synthesize(environment).at(-1) as string;
    for (const args of [["init"], ["plan", "-out=plan.out"]]) {
      const { status, stdout, stderr } = this.terraform(folder, ...args);
      if (status !== 0) throw new Error(stdout + stderr);
    }
    const { resource_changes } = JSON.parse(this.terraform(folder, "show", "-json", "plan.out").stdout);
    const changes = resource_changes as { address: string; change: { actions: readonly string[] } }[];
    const changed = changes.filter(({ change }) => String(change.actions) !== "no-op");
    return Object.fromEntries(changed.map(({ address, change }) => [address, change.actions]));
  }

  /** The names of the Jobs that the workload's state knows. */
  get jobs(): string[] {
    const state = JSON.parse(readFileSync(join(this.root, "dev-workload.tfstate"), "utf8"));
    const resources = state.resources as { name: string; instances: { attributes: { input: { value: unknown } } }[] }[];
    const inputs = resources
      .filter(({ name }) => /^job-.*_job_/.test(name))
      .flatMap(({ instances }) => instances.map(({ attributes }) => attributes.input.value));
    return inputs.map((input) => (input as { metadata: { name: string } }).metadata.name).sort();
  }

  /** Folders of the stacks, in the order of their dependencies. */
  private synthesize(environment: Environment): string[] {
    const app = new App({ outdir: join(this.root, "cdktf.out") });
    createStacks(app, resolved(environment));
    const stacks = [...synthesizeApp(app)].filter(([id]) => !/-(platform|addons)$/.test(id));
    stacks.sort(([, one], [id]) => (one.dependencies.includes(id) ? 1 : -1));
    return stacks.map(([id, { json }]) => {
      const folder = join(app.outdir, "stacks", id);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(this.imitated(id, json as Record<string, never>)));
      return folder;
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: a stack's JSON.
  private imitated(id: string, stack: Record<string, any>): object {
    const text = JSON.stringify(stack);
    const platform = join(this.root, "platform.tfstate");
    writeFileSync(platform, stateWith([...text.matchAll(/\.outputs\.([\w-]+)/g)].flatMap(([, name]) => name ?? [])));
    const made: Record<string, object> = {};
    for (const [type, named] of Object.entries<Record<string, Record<string, unknown>>>(stack.resource ?? {})) {
      for (const [name, { depends_on = [], "//": _, ...attributes }] of Object.entries(named)) {
        const dependencies = (depends_on as string[]).map((address) =>
          address.replace(/^kubernetes_\w+\./, "terraform_data."),
        );
        const own = type === "terraform_data" ? attributes : imitation(attributes);
        made[name] = { ...own, depends_on: dependencies };
      }
    }
    const data = Object.fromEntries(
      Object.keys(stack.data?.terraform_remote_state ?? {}).map((name) => [
        name,
        { backend: "local", config: { path: platform } },
      ]),
    );
    return {
      terraform: { backend: { local: { path: join(this.root, `${id}.tfstate`) } } },
      data: { terraform_remote_state: data },
      resource: { terraform_data: made },
    };
  }

  private terraform(folder: string, ...args: string[]) {
    const env = terraformEnvironment({ PATH: `${this.programs}:${process.env.PATH}` });
    return spawnSync(terraformProgram(), [...args, "-no-color", ...(args[0] === "show" ? [] : ["-input=false"])], {
      cwd: folder,
      env,
      encoding: "utf8",
    });
  }
}

/** A record in the place of a Kubernetes resource. Its annotations and a Job's parallelism change in place, and nothing else does. */
function imitation({ lifecycle, timeouts: _, ...input }: Record<string, unknown>): object {
  const { parallelism: __, ...spec } = (input.spec ?? {}) as Record<string, unknown>;
  const metadata = { ...(input.metadata as object), annotations: {} };
  const triggers_replace = { ...input, spec, metadata };
  return { input, triggers_replace, ...(lifecycle !== undefined && { lifecycle }) };
}
