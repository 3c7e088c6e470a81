import { createHash } from "node:crypto";
import { Construct } from "constructs";
import type { ICluster } from "../cluster/cluster.ts";
import { clusterAutoscalerImageTags } from "../cluster/kubernetes-versions.ts";
import type { PodIdentityRole } from "../cluster/pod-identity-role.ts";
import type { NodePool } from "../pools/node-pool.ts";
import { oneOf, show, throwIfAny } from "../support/problems.ts";
import { type Chart, chartRelease, type ResourceRequirements } from "./chart-release.ts";

/** @see https://github.com/kubernetes/autoscaler/tree/cluster-autoscaler-chart-9.59.0/cluster-autoscaler/charts/cluster-autoscaler */
export const clusterAutoscalerChart: Chart = {
  name: "cluster-autoscaler",
  repository: "https://kubernetes.github.io/autoscaler",
  version: "9.59.0",
};

export const expanders = ["priority", "least-waste"] as const;
/** Which pool grows when several could take a pod. */
export type Expander = (typeof expanders)[number];

export interface ClusterAutoscalerProps {
  readonly cluster: ICluster;
  readonly region: string;
  /** The role of its pods, made with `clusterAutoscalerPolicy`. */
  readonly identity: Pick<PodIdentityRole, "namespace" | "serviceAccount">;
  /** All pools of the cluster. */
  readonly nodePools: readonly NodePool[];
  /** The pool that the autoscaler itself runs on: one without taints that never shrinks to zero. */
  readonly runsOn: NodePool;
  /**
   * `priority` buys spot machines first, and on-demand ones when there are none; `least-waste` what leaves least unused.
   * @default "priority"
   */
  readonly expander?: Expander | undefined;
  /**
   * Minutes that a node must be unneeded before it is terminated. Ten is the autoscaler's own default; each minute of an
   * idle c5.2xlarge on demand costs about half a cent.
   * @default 5
   */
  readonly scaleDownUnneededMinutes?: number | undefined;
}

/** The keys of the chart's values that are set here. */
export interface ClusterAutoscalerValues {
  readonly cloudProvider: "aws";
  readonly awsRegion: string;
  readonly autoDiscovery: { readonly clusterName: string };
  readonly image: { readonly tag: string };
  readonly rbac: { readonly serviceAccount: { readonly name: string } };
  readonly extraArgs: Readonly<Record<string, string | boolean>>;
  readonly expanderPriorities?: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly podAnnotations: Readonly<Record<string, string>>;
  readonly resources: ResourceRequirements;
  readonly securityContext: object;
  readonly containerSecurityContext: object;
}

/**
 * Buys a node when a pod waits for one, and terminates it when it has been idle. It works from zero nodes, because the
 * pools' auto scaling groups say what their nodes will be like (`NodePool.autoscalerTags`).
 */
export class ClusterAutoscaler extends Construct {
  /** @throws InvalidConfigurationError for a Kubernetes minor without a release of the autoscaler, and a duration that is none. */
  constructor(scope: Construct, id: string, props: ClusterAutoscalerProps) {
    super(scope, id);
    throwIfAny("cluster autoscaler", problemsOf(props));
    chartRelease(this, "release", {
      name: "cluster-autoscaler",
      chart: clusterAutoscalerChart,
      namespace: props.identity.namespace,
      values: valuesOf(props),
    });
  }
}

function valuesOf(props: ClusterAutoscalerProps): ClusterAutoscalerValues {
  const { cluster, identity, nodePools, expander = "priority" } = props;
  return {
    cloudProvider: "aws",
    awsRegion: props.region,
    // Finds the groups by k8s.io/cluster-autoscaler/enabled and k8s.io/cluster-autoscaler/<cluster>, which EKS puts there.
    autoDiscovery: { clusterName: cluster.clusterName },
    // Never the chart's default: charts 9.56.0 to 9.59.0 name an image that no longer exists (autoscaler#10091).
    image: { tag: clusterAutoscalerImageTags[cluster.kubernetesVersion] ?? "" },
    // The chart would call it <release>-aws-cluster-autoscaler, and the role is bound to this name.
    rbac: { serviceAccount: { name: identity.serviceAccount } },
    extraArgs: {
      // What priorities leave undecided, least-waste decides.
      expander: expander === "priority" ? "priority,least-waste" : "least-waste",
      "balance-similar-node-groups": true,
      // Two pools that differ in their names only are one pool of twice the size.
      "balancing-ignore-label_1": "node-pool",
      "scale-down-unneeded-time": `${props.scaleDownUnneededMinutes ?? 5}m`,
      // Nodes would be kept for ever for the sake of a CoreDNS or metrics-server pod, or of an emptyDir.
      "skip-nodes-with-system-pods": false,
      "skip-nodes-with-local-storage": false,
    },
    ...(expander === "priority" && { expanderPriorities: expanderPriorities(nodePools) }),
    nodeSelector: props.runsOn.nodeSelector,
    podAnnotations: {
      // The autoscaler remembers what a node of a group was like for as long as it runs (autoscaler#6452, #5718): another
      // definition of a pool makes another pod of it.
      "evaluation-platform/node-pools": nodePoolsHash(nodePools),
    },
    resources: { requests: { cpu: "100m", memory: "300Mi" }, limits: { memory: "600Mi" } },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65534,
      runAsGroup: 65534,
      fsGroup: 65534,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containerSecurityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  };
}

/**
 * Spot pools, then on-demand pools, then whatever else there is: a group that no expression matches is never considered.
 * A text and not a map, since the numbers must reach the autoscaler as integers, and the keys of a map in values are texts.
 * @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/expander/priority/readme.md
 */
function expanderPriorities(pools: readonly NodePool[]): string {
  const priority = (value: number, expressions: readonly string[]) =>
    expressions.length === 0 ? [] : [`${value}:`, ...expressions.map((expression) => `  - ${expression}`)];
  const groupsOf = (capacityType: NodePool["capacityType"]) =>
    pools.filter((pool) => pool.capacityType === capacityType).map((pool) => autoScalingGroupPattern(pool.name));
  return [...priority(20, groupsOf("SPOT")), ...priority(10, groupsOf("ON_DEMAND")), ...priority(1, [".*"])].join("\n");
}

/** EKS names the group `eks-<node group>-<uuid>`, and the node group is the pool's name and Terraform's 26 digits. */
function autoScalingGroupPattern(pool: string): string {
  return `^eks-${pool}-[0-9a-f]{26}-`;
}

function nodePoolsHash(pools: readonly NodePool[]): string {
  const definitions = pools.map(({ name, instanceTypes, autoscalerTags }) => ({ name, instanceTypes, autoscalerTags }));
  return createHash("sha256").update(JSON.stringify(definitions)).digest("hex").slice(0, 16);
}

function problemsOf({ cluster, scaleDownUnneededMinutes = 5 }: ClusterAutoscalerProps) {
  const problems = [];
  if (!Object.hasOwn(clusterAutoscalerImageTags, cluster.kubernetesVersion)) {
    problems.push({
      path: ["kubernetesVersion"],
      what: "is a minor without a cluster autoscaler",
      got: show(cluster.kubernetesVersion),
      allowed: oneOf(Object.keys(clusterAutoscalerImageTags)),
      fix: "use one of these, or add its image to clusterAutoscalerImageTags",
    });
  }
  if (!(Number.isInteger(scaleDownUnneededMinutes) && scaleDownUnneededMinutes >= 1)) {
    problems.push({
      path: ["scaleDownUnneededMinutes"],
      what: "is not a number of minutes",
      got: show(scaleDownUnneededMinutes),
      allowed: "a whole number from 1",
      fix: "use for example 5",
    });
  }
  return problems;
}
