import { join } from "node:path";
import type { Release } from "@cdktf/provider-helm/lib/release";
import { AssetType, type ITerraformDependable, TerraformAsset } from "cdktf";
import type { Construct } from "constructs";
import { chartRelease } from "./chart-release.ts";

/** The folder of the chart, which the package of the constructs contains. */
const chart = join(__dirname, "../charts/objects");

/** Objects for which Terraform has no resource of its own. */
export interface ObjectsReleaseProps {
  /** Name of the release. */
  readonly name: string;
  /** Name of an existing namespace: that of the release, and of objects that name none. */
  readonly namespace: string;
  /** Whole objects, as the Kubernetes API takes them. */
  readonly objects: readonly object[];
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * Creates objects of any kind together. It is a chart, since Terraform's own resource for them (`kubernetes_manifest`) needs the cluster and
 * the definitions of their kinds already for a plan.
 *
 * The ids `chart` and `release` must be free in the scope.
 */
export function objectsRelease(
  scope: Construct,
  { name, namespace, objects, dependsOn }: ObjectsReleaseProps,
): Release {
  // A copy beside the stack, so that a plan is the same on every machine. A change of the chart changes its path.
  const { path } = new TerraformAsset(scope, "chart", { path: chart, type: AssetType.DIRECTORY });
  return chartRelease(scope, "release", { name, chart: { path }, namespace, values: { objects }, dependsOn });
}
