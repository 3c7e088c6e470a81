import { spawnSync } from "node:child_process";
import { join, resolve as resolvePath } from "node:path";
import { parseAllDocuments } from "yaml";
import type { ResourceJson, Synthesized } from "../../support/synthesized.ts";
import type { KubernetesObject } from "./kubernetes-api.ts";
import { evaluate, type Resolve } from "./manifests.ts";
import { programFolder } from "./programs.ts";

/**
 * The objects that helm makes for a `helm_release` with a chart of this repository, from the copy of the chart that is beside the stack.
 * @throws Error with helm's own words.
 */
export function renderRelease(stack: Synthesized, release: ResourceJson, resolve: Resolve): KubernetesObject[] {
  const { name, chart, namespace, values } = release;
  const files = (values as string[]).map((text) => evaluate(text, resolve) as string);
  if (files.length !== 1) throw new Error(`${name} has ${files.length} texts of values, and helm.ts passes one`);
  const args = ["template", name, resolvePath(stack.folder, chart), "--namespace", namespace, "--values", "-"];
  const { status, stdout, stderr } = spawnSync(join(programFolder(), "helm"), args, {
    input: files[0],
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`helm ${args.join(" ")}: ${stderr}`);
  return parseAllDocuments(stdout).map((document) => document.toJS());
}
