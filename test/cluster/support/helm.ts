import { spawnSync } from "node:child_process";
import { join, resolve as resolvePath } from "node:path";
import { parseAllDocuments } from "yaml";
import type { ResourceJson, Synthesized } from "../../support/synthesized.ts";
import type { KubernetesObject } from "./kubernetes-api.ts";
import { evaluate, type Resolve } from "./manifests.ts";
import { programFolder } from "./programs.ts";

/** The version of the clusters. The default of helm is that of its libraries. */
const KUBERNETES = "1.35.0";

/**
 * The objects that helm makes for a `helm_release`.
 *
 * @param chart the chart's folder or archive.
 * @throws Error with helm's own words.
 */
export function renderChart({ name, namespace, values }: ResourceJson, chart: string): KubernetesObject[] {
  if (values.length !== 1) throw new Error(`${name} has ${values.length} texts of values, and helm.ts passes one`);
  const args = ["template", name, chart, "--namespace", namespace, "--kube-version", KUBERNETES, "--values", "-"];
  const { status, stdout, stderr } = spawnSync(join(programFolder(), "helm"), args, {
    input: values[0],
    encoding: "utf8",
    maxBuffer: 2 ** 24,
  });
  if (status !== 0) throw new Error(`helm ${args.join(" ")}: ${stderr}`);
  const objects = parseAllDocuments(stdout).map((document) => document.toJS());
  // A template may make nothing but comments.
  return objects.filter((object) => object !== null);
}

/** The CustomResourceDefinitions of a chart, which helm installs once and never changes. */
export function definitionsOf(chart: string): KubernetesObject[] {
  const { status, stdout, stderr } = spawnSync(join(programFolder(), "helm"), ["show", "crds", chart], {
    encoding: "utf8",
    maxBuffer: 2 ** 24,
  });
  if (status !== 0) throw new Error(`helm show crds ${chart}: ${stderr}`);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS())
    .filter((object) => object !== null);
}

/** {@link renderChart}, for a release with a chart of this repository: from the copy of the chart that is beside the stack. */
export function renderRelease(stack: Synthesized, release: ResourceJson, resolve: Resolve): KubernetesObject[] {
  const values = (release.values as string[]).map((text) => evaluate(text, resolve));
  return renderChart({ ...release, values }, resolvePath(stack.folder, release.chart));
}
