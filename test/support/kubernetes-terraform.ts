import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { App } from "cdktf";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { createStacks } from "../../stacks/create-stacks.ts";
import { resolved } from "./fixtures.ts";
import { type Mirror, searchDisk, usualMirrors } from "./mirror.ts";
import { TerraformWorkspace } from "./terraform.ts";

const providers = ["kubernetes", "helm"].map((name) => join("registry.terraform.io", "hashicorp", name));

/**
 * A folder with the kubernetes and helm providers, in any version that the stacks take, packed or not: `TF_PLUGIN_MIRROR`,
 * one of Terraform's own places, or anywhere on this disk.
 */
export function findKubernetesMirror(): Mirror {
  if (spawnSync("terraform", ["-version"]).error !== undefined) return { missing: "terraform is not on PATH" };
  const named = process.env.TF_PLUGIN_MIRROR;
  const [provider = ""] = providers;
  const places = named === undefined ? [...usualMirrors, ...searchDisk(provider, 8)] : [named];
  const path = places.find((place) => providers.every((provider) => holdsVersions(join(place, provider))));
  if (path !== undefined) return { path };
  const where = named === undefined ? "no folder on this disk" : "TF_PLUGIN_MIRROR";
  return { missing: `${where} holds the providers hashicorp/kubernetes and hashicorp/helm` };
}

/** Also a folder of a version may be empty, for example after a download that was interrupted. */
function holdsVersions(folder: string): boolean {
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  return files.some((path) => /\d+\.\d+\.\d+/.test(path) && basename(path).startsWith("terraform-provider-"));
}

/** A workspace that also knows the stacks in a cluster. */
export class KubernetesWorkspace extends TerraformWorkspace {
  /** Synthesizes all stacks of an environment, and returns the folder of one. */
  synthesizeStack(environment: Environment, part: "addons" | "workload"): string {
    const app = new App({ outdir: join(this.root, "cdktf.out") });
    createStacks(app, resolved(environment));
    app.synth();
    return join(app.outdir, "stacks", `${environment.name}-${part}`);
  }

  /**
   * A copy of a stack's folder that plans against the cluster of a kubeconfig. The outputs of the platform are in an
   * invented state, and the test sets the providers.
   * @param charts a folder with charts as `<name>-<version>.tgz`; without it they come from their repositories.
   */
  copyForCluster(folder: string, kubeconfig: string, charts?: string): string {
    const copy = join(this.root, `${basename(folder)}-in-cluster`);
    mkdirSync(copy, { recursive: true });
    const stack = JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8"));
    const state = join(copy, "platform.tfstate");
    writeFileSync(state, stateWith(outputsReadBy(JSON.stringify(stack))));
    for (const data of Object.values<Record<string, unknown>>(stack.data.terraform_remote_state)) {
      Object.assign(data, { backend: "local", config: { path: state } });
    }
    const access = { config_path: kubeconfig };
    if (stack.provider.kubernetes !== undefined) stack.provider.kubernetes = [access];
    if (stack.provider.helm !== undefined) stack.provider.helm = [{ kubernetes: access }];
    stack.terraform.backend = { local: {} };
    for (const release of Object.values<Record<string, string>>(stack.resource.helm_release ?? {})) {
      // A chart of this repository is beside the stack.
      if (charts === undefined || release.repository === undefined) continue;
      release.chart = join(charts, `${release.chart}-${release.version}.tgz`);
      delete release.repository;
    }
    const assets = join(folder, "assets");
    if (existsSync(assets)) cpSync(assets, join(copy, "assets"), { recursive: true });
    writeFileSync(join(copy, "cdk.tf.json"), JSON.stringify(stack));
    return copy;
  }

  /** Initialises with the local backend, for a copy. */
  initCopy(folder: string): void {
    this.run(folder, "init", "-input=false", "-no-color");
  }
}

/** Outputs of another stack that a stack mentions. */
function outputsReadBy(stack: string): string[] {
  return [...stack.matchAll(/\.outputs\.([\w-]+)/g)].flatMap(([, name]) => name ?? []);
}

/** The text of a state that has these outputs and no resource. */
export function stateWith(outputs: readonly string[]): string {
  const values = outputs.map((name) => [name, { value: "example", type: "string" }] as const);
  return JSON.stringify({
    version: 4,
    terraform_version: "1.10.0",
    serial: 1,
    lineage: "test",
    outputs: Object.fromEntries(values),
    resources: [],
  });
}
