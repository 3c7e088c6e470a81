import { Release } from "@cdktf/provider-helm/lib/release";
import type { Construct } from "constructs";

/** A Helm chart in the one version that is installed. */
export interface Chart {
  readonly name: string;
  readonly repository: string;
  readonly version: string;
}

export interface ChartReleaseProps<Values extends object> {
  /** Name of the release. */
  readonly name: string;
  readonly chart: Chart;
  /** A namespace that exists. */
  readonly namespace: string;
  /** What differs from the chart's own values; each chart has an interface of the keys that are set here. */
  readonly values: Values;
}

/** Requests and limits of a container, in Kubernetes' own words. */
export interface ResourceRequirements {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly memory: string };
}

/**
 * Installs a chart so that it either runs or was never there: a release that fails is taken back, and the next deploy does
 * not meet one that is stuck in `pending-install` (terraform-provider-helm#1315, #1121).
 */
export function chartRelease<Values extends object>(
  scope: Construct,
  id: string,
  { name, chart, namespace, values }: ChartReleaseProps<Values>,
): Release {
  return new Release(scope, id, {
    name,
    repository: chart.repository,
    chart: chart.name,
    version: chart.version,
    namespace,
    atomic: true,
    cleanupOnFail: true,
    wait: true,
    timeout: 600,
    // Helm keeps ten Secrets of old revisions otherwise; nobody rolls back by hand what Terraform installs.
    maxHistory: 3,
    // JSON is YAML, and shows in full in a plan.
    values: [JSON.stringify(values)],
  });
}
