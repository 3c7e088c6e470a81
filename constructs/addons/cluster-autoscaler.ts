import { createHash } from "node:crypto";
import type { Release } from "@cdktf/provider-helm/lib/release";
import { Construct } from "constructs";
import type { ICluster } from "../cluster/cluster.ts";
import { kubernetesMinors } from "../cluster/kubernetes-versions.ts";
import type { PodIdentityRole } from "../cluster/pod-identity-role.ts";
import type { NodePool } from "../pools/node-pool.ts";
import { poolKindLabel } from "../pools/pool-kind.ts";
import { type Problem, show, throwIfAny } from "../support/problems.ts";
import { type Chart, chartRelease, type ResourceRequirements } from "./chart-release.ts";

/** @see https://github.com/kubernetes/autoscaler/tree/cluster-autoscaler-chart-9.59.0/cluster-autoscaler/charts/cluster-autoscaler */
const chart: Chart = {
  name: "cluster-autoscaler",
  repository: "https://kubernetes.github.io/autoscaler",
  version: "9.59.0",
};

/** The rule by which the autoscaler picks one of several pools for a pod. */
export type Expander = "priority" | "least-waste";

/** Defaults of the options of the autoscaler. */
export const clusterAutoscalerDefaults = {
  expander: "priority",
  scaleDownUnneededMinutes: 5,
} as const satisfies Partial<ClusterAutoscalerProps>;

/** An autoscaler, its cluster and its pools. */
export interface ClusterAutoscalerProps {
  /** The cluster whose node groups it resizes. */
  readonly cluster: ICluster;
  /** The role of its pods, with the permissions of `clusterAutoscalerPolicy`. */
  readonly identity: Pick<PodIdentityRole, "namespace" | "serviceAccount">;
  /** All pools of the cluster. */
  readonly nodePools: readonly NodePool[];
  /** The pool on which the autoscaler itself runs: one without taints that always has a node. */
  readonly runsOn: NodePool;
  /**
   * For library users, as no environment sets it. `priority` buys spot machines first, and on-demand machines if EC2 has none;
   * `least-waste` buys the machine with the least unused resources.
   * @default "priority"
   */
  readonly expander?: Expander | undefined;
  /**
   * For library users, as no environment sets it: minutes without need after which the autoscaler terminates a node, a whole number
   * from 1. The node is gone up to 45 s later: the autoscaler may notice only after 30 s that a node is idle. Its own default is 10
   * minutes. Each minute of an idle c5.2xlarge on demand costs about half a cent.
   * @default 5
   */
  readonly scaleDownUnneededMinutes?: number | undefined;
  /**
   * For library users with a Kubernetes minor that `kubernetesMinors` lacks: tag of the autoscaler's image, for example `v1.35.2`.
   * Its minor must equal the cluster's.
   * @default - the tag of `kubernetesMinors` for the cluster's minor
   */
  readonly imageTag?: string | undefined;
}

/** The keys of the chart's values that are set here. */
interface ClusterAutoscalerValues {
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
 * Buys a node when a pod waits for one, and terminates idle nodes. It also starts the first node of a pool, because tags on the
 * pool's auto scaling group describe its nodes (`NodePool.autoscalerTags`).
 */
export class ClusterAutoscaler extends Construct {
  /** The underlying `helm_release`, for settings without an option here. */
  readonly resource: Release;

  /** @throws InvalidConfigurationError for a Kubernetes minor without an image, and for an invalid number of minutes. */
  constructor(scope: Construct, id: string, props: ClusterAutoscalerProps) {
    super(scope, id);
    throwIfAny("cluster autoscaler", problemsOf(props));
    this.resource = chartRelease(this, "release", {
      name: "cluster-autoscaler",
      chart,
      namespace: props.identity.namespace,
      values: valuesOf(props),
    });
  }
}

function valuesOf(props: ClusterAutoscalerProps): ClusterAutoscalerValues {
  const { cluster, identity, nodePools } = props;
  const { expander = clusterAutoscalerDefaults.expander } = props;
  const { scaleDownUnneededMinutes = clusterAutoscalerDefaults.scaleDownUnneededMinutes } = props;
  return {
    cloudProvider: "aws",
    awsRegion: cluster.region,
    // It finds groups by the tags k8s.io/cluster-autoscaler/enabled and k8s.io/cluster-autoscaler/<cluster>, which EKS sets.
    autoDiscovery: { clusterName: cluster.clusterName },
    // Never use the chart's default: charts 9.56.0 to 9.59.0 name an image that no longer exists (autoscaler#10091).
    image: { tag: imageTagOf(props) ?? "" },
    // The chart would use <release>-aws-cluster-autoscaler, but the role is bound to this name.
    rbac: { serviceAccount: { name: identity.serviceAccount } },
    extraArgs: {
      // Among pools of equal priority, least-waste decides.
      expander: expander === "priority" ? "priority,least-waste" : "least-waste",
      "balance-similar-node-groups": true,
      // Pools of one kind share a purchase, whether they have nodes or not. The other comparison, of all labels and resources, never
      // finds two managed node groups alike: their nodes carry the id of a launch template, and their templates the group's name. It
      // would also add the GPUs of the tags to a node whose device plugin does not run yet; `k8s.amazonaws.com/accelerator` makes the
      // autoscaler wait for that node instead.
      // @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/processors/nodegroupset/label_nodegroups.go
      "balancing-label": poolKindLabel,
      // A pod younger than 2 s waits for the next round, in case more follow. With the default of 10 s, a lone pod would wait for 10 s. A
      // round asks nothing of AWS, whose groups are read once a minute; it costs two requests to the Kubernetes API and some CPU.
      "scan-interval": "5s",
      "scale-down-unneeded-time": `${scaleDownUnneededMinutes}m`,
      // By default no node of any pool ends within 10 minutes of a purchase for any pool, so that a busy cluster never shrinks. The
      // price: a node bought for a pod that has vanished ends after the idle minutes, and the next pod buys another one. After a
      // failed termination the autoscaler still waits 3 minutes, because AWS would refuse the next one, too; after others not at all.
      "scale-down-delay-after-add": "0s",
      // By default a node whose pods may not be moved, such as those of a Job, is looked at again after 5 minutes, and only then do its
      // idle minutes begin. The price is CPU: each look goes through the pods of all nodes that are used by less than half.
      "unremovable-node-recheck-timeout": "30s",
      // Otherwise a CoreDNS or metrics-server pod, or an emptyDir, would keep a node for ever.
      "skip-nodes-with-system-pods": false,
      "skip-nodes-with-local-storage": false,
    },
    ...(expander === "priority" && { expanderPriorities: expanderPriorities(nodePools) }),
    nodeSelector: props.runsOn.nodeSelector,
    podAnnotations: {
      // While it runs, the autoscaler remembers the nodes that a group had (autoscaler#6452, #5718), so a changed pool must replace
      // the autoscaler's pod.
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
 * Spot pools, then on-demand pools, then all other groups: the autoscaler never considers a group that no expression matches.
 * The result is a text and not a map, since the autoscaler needs integers as keys, and the keys of a map in values are texts.
 * @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/expander/priority/readme.md
 */
function expanderPriorities(pools: readonly NodePool[]): string {
  const priority = (value: number, expressions: readonly string[]) =>
    expressions.length === 0 ? [] : [`${value}:`, ...expressions.map((expression) => `  - ${expression}`)];
  const groupsOf = (capacityType: NodePool["capacityType"]) =>
    pools.filter((pool) => pool.capacityType === capacityType).map((pool) => autoScalingGroupPattern(pool.name));
  return [...priority(20, groupsOf("SPOT")), ...priority(10, groupsOf("ON_DEMAND")), ...priority(1, [".*"])].join("\n");
}

/** EKS names the group `eks-<node group>-<uuid>`. The node group's name is the pool's name and Terraform's 26 digits. */
function autoScalingGroupPattern(pool: string): string {
  return `^eks-${pool}-[0-9a-f]{26}-`;
}

function nodePoolsHash(pools: readonly NodePool[]): string {
  const definitions = pools.map(({ name, instanceTypes, autoscalerTags }) => ({ name, instanceTypes, autoscalerTags }));
  return createHash("sha256").update(JSON.stringify(definitions)).digest("hex").slice(0, 16);
}

function imageTagOf({ cluster, imageTag }: ClusterAutoscalerProps): string | undefined {
  return imageTag ?? kubernetesMinors[cluster.kubernetesVersion]?.clusterAutoscalerImageTag;
}

function problemsOf(props: ClusterAutoscalerProps): Problem[] {
  const { scaleDownUnneededMinutes: minutes = clusterAutoscalerDefaults.scaleDownUnneededMinutes, cluster } = props;
  const problems: Problem[] = [];
  if (imageTagOf(props) === undefined) {
    const allowed = `given, since kubernetesMinors has no Kubernetes ${cluster.kubernetesVersion}`;
    const fix = "use the tag of a release with the same minor (https://github.com/kubernetes/autoscaler/releases)";
    problems.push({ path: ["imageTag"], allowed, got: show(undefined), fix });
  }
  if (!(Number.isInteger(minutes) && minutes >= 1)) {
    const fix = "use for example 5";
    problems.push({ path: ["scaleDownUnneededMinutes"], allowed: "a whole number from 1", got: show(minutes), fix });
  }
  return problems;
}
