import { Release } from "@cdktf/provider-helm/lib/release";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";

/** A Helm chart in one version. */
export interface Chart {
  /** Name of the chart in its repository. */
  readonly name: string;
  /** URL of the chart's repository. */
  readonly repository: string;
  /** Version of the chart, exact. */
  readonly version: string;
}

/** A chart in a folder, whose path changes with its content. */
export interface LocalChart {
  /** Path relative to the folder of the synthesized stack. */
  readonly path: string;
}

/** A release of a chart, with its values. */
export interface ChartReleaseProps<Values extends object> {
  /** Name of the release. */
  readonly name: string;
  /** The chart and its version, or its folder. */
  readonly chart: Chart | LocalChart;
  /** Name of an existing namespace. */
  readonly namespace: string;
  /** Values that differ from the chart's own. Each chart has an interface of the keys that are set here. */
  readonly values: Values;
  /** @default [] */
  readonly dependsOn?: readonly ITerraformDependable[] | undefined;
}

/** Requests and limits of a container, as Kubernetes writes them. */
export interface ResourceRequirements {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly memory: string };
}

/**
 * Installs a chart completely or not at all. A failed release is rolled back, so that the next deploy finds none that is stuck in
 * `pending-install` (terraform-provider-helm#1315, #1121).
 */
export function chartRelease<Values extends object>(
  scope: Construct,
  id: string,
  { name, chart, namespace, values, dependsOn }: ChartReleaseProps<Values>,
): Release {
  return new Release(scope, id, {
    name,
    ...("path" in chart
      ? { chart: chart.path }
      : { repository: chart.repository, chart: chart.name, version: chart.version }),
    namespace,
    atomic: true,
    cleanupOnFail: true,
    wait: true,
    timeout: 600,
    // Otherwise Helm keeps ten Secrets of old revisions, and releases of Terraform are never rolled back by hand.
    maxHistory: 3,
    // JSON is valid YAML, and a plan shows it in full.
    values: [JSON.stringify(values)],
    ...(dependsOn !== undefined && { dependsOn: [...dependsOn] }),
  });
}
