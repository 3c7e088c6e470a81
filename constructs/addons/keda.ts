import type { Release } from "@cdktf/provider-helm/lib/release";
import { Construct } from "constructs";
import type { PodIdentityRole } from "../cluster/pod-identity-role.ts";
import type { NodePool } from "../pools/node-pool.ts";
import { show, throwIfAny } from "../support/problems.ts";
import { type Chart, chartRelease } from "./chart-release.ts";
import { kedaRemoval } from "./keda-removal.ts";

/** @see https://github.com/kedacore/charts/tree/v2.20.2/keda */
const chart: Chart = {
  name: "keda",
  repository: "https://kedacore.github.io/charts",
  version: "2.20.2",
};

/** The namespace and the service account of KEDA's operator, which asks for the lengths of queues. */
export const kedaOperator = { namespace: "kube-system", serviceAccount: "keda-operator" } as const;

/** KEDA and its place. */
export interface KedaProps {
  /** The role of the operator, for {@link kedaOperator}. Its policy names the queues that it may look at. */
  readonly identity: Pick<PodIdentityRole, "namespace" | "serviceAccount">;
  /** The pool on which KEDA itself runs: one without taints that always has a node. */
  readonly runsOn: NodePool;
  /** The namespace of what it scales. KEDA's objects in it are deleted before KEDA is. */
  readonly workloadNamespace: string;
}

/** Requests and limits of a container. `null` removes the limit that the chart would set. */
interface KedaResources {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly cpu: null; readonly memory: string };
}

/** The keys of the chart's values that are set here. */
interface KedaValues {
  readonly serviceAccount: { readonly operator: { readonly name: string } };
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly resources: Readonly<Record<"operator" | "metricServer" | "webhooks", KedaResources>>;
  readonly permissions: Readonly<Record<"operator" | "metricServer", { readonly restrict: { readonly secret: true } }>>;
  readonly rbac: { readonly enabledCustomScaledRefKinds: false };
  readonly crds: { readonly additionalAnnotations: Readonly<Record<string, string>> };
  readonly extraObjects: readonly object[];
}

/**
 * Changes the number of pods of Deployments by the lengths of queues, from 0 and back to 0: the autoscaler of Kubernetes itself cannot count
 * messages, and never scales to 0. Its pods request 0.3 cores and 300 MiB of the nodes that always run.
 *
 * It runs in `kube-system`, since a namespace of its own would have to be deleted: while the pods behind its part of the Kubernetes API are
 * gone, no namespace of the cluster can be deleted (kubernetes#60807, keda#6572).
 */
export class Keda extends Construct {
  /** The underlying `helm_release`, for settings without an option here. */
  readonly resource: Release;

  /** @throws InvalidConfigurationError for an identity in another namespace. */
  constructor(scope: Construct, id: string, { identity, runsOn, workloadNamespace }: KedaProps) {
    super(scope, id);
    if (identity.namespace !== kedaOperator.namespace) {
      const fix = "make the role with the namespace and the service account of kedaOperator";
      const allowed = `in the namespace ${kedaOperator.namespace}`;
      throwIfAny("KEDA", [{ path: ["identity"], allowed, got: show(identity.namespace), fix }]);
    }
    // The chart's own figures, without its limit of one core: a queue that is looked at late starts its executors late.
    const resources: KedaResources = {
      requests: { cpu: "100m", memory: "100Mi" },
      limits: { cpu: null, memory: "1000Mi" },
    };
    const values: KedaValues = {
      serviceAccount: { operator: { name: identity.serviceAccount } },
      nodeSelector: runsOn.nodeSelector,
      resources: { operator: resources, metricServer: resources, webhooks: resources },
      // By default KEDA may read all Secrets of the cluster, and scale objects of all kinds. It needs only its own certificates, because
      // AWS knows its pod, and it scales only Deployments.
      permissions: { operator: { restrict: { secret: true } }, metricServer: { restrict: { secret: true } } },
      rbac: { enabledCustomScaledRefKinds: false },
      // A release that has made objects of these kinds can be removed only while the kinds exist, and a deploy that removes executors
      // removes KEDA first.
      crds: { additionalAnnotations: { "helm.sh/resource-policy": "keep" } },
      extraObjects: kedaRemoval({
        namespace: identity.namespace,
        nodeSelector: runsOn.nodeSelector,
        workloadNamespace,
      }),
    };
    this.resource = chartRelease(this, "release", { name: "keda", chart, namespace: identity.namespace, values });
  }
}
