import { changedAttributes } from "./attributes.ts";
import type { Change } from "./plan.ts";

/** What a replacement or a destruction of one type of resource means to those who use the platform. */
interface Consequence {
  /** In words, for example `node group`. */
  readonly what: string;
  /** `loud` is data or service lost; `notice` is a run or a permission interrupted. */
  readonly severity: "loud" | "notice";
  /** Reads behind "is destroyed: "; for a replacement too, unless there is another sentence. */
  readonly destroyed: string | ((before: Readonly<Record<string, unknown>>) => string);
  readonly replaced?: string;
}

const nodesLose = "every node behind it loses its way out: no image is pulled, no result is stored";

/** By Terraform type. What is not here is in the plan, and needs no warning. */
export const consequences: Readonly<Record<string, Consequence>> = {
  aws_eks_cluster: {
    what: "cluster",
    severity: "loud",
    destroyed: ({ deletion_protection }) =>
      deletion_protection === true
        ? "AWS refuses while its deletion protection is on, and the deploy stops there"
        : "every node, every pod and every run in it ends, and its address changes; addons and workload must be deployed anew",
  },
  aws_eks_node_group: {
    what: "node group",
    severity: "loud",
    destroyed: "every pod on its nodes is drained; evaluations go on elsewhere from what they have committed",
  },
  aws_s3_bucket: {
    what: "bucket",
    severity: "loud",
    destroyed: ({ force_destroy }) =>
      force_destroy === true
        ? "every result in it is deleted, and cannot be brought back"
        : "AWS refuses while there are results in it, and the deploy stops there",
  },
  aws_ecr_repository: {
    what: "image repository",
    severity: "loud",
    destroyed: ({ force_delete }) =>
      force_delete === true
        ? "every image in it is deleted; pods that start on a new node find none until the next deploy"
        : "AWS refuses while there are images in it, and the deploy stops there",
  },
  aws_vpc: { what: "network", severity: "loud", destroyed: "everything in it goes first: the cluster, and every node" },
  aws_subnet: {
    what: "subnet",
    severity: "loud",
    destroyed: "nodes, load balancers and the cluster's interfaces in it go first; AWS refuses while one is left",
  },
  aws_internet_gateway: { what: "internet gateway", severity: "loud", destroyed: nodesLose },
  aws_nat_gateway: { what: "NAT gateway", severity: "loud", destroyed: nodesLose },
  aws_eip: {
    what: "public address of a NAT gateway",
    severity: "loud",
    destroyed: "the address that others may have allowed is given up, and cannot be had again",
  },
  aws_route_table: { what: "route table", severity: "loud", destroyed: nodesLose },
  aws_route: { what: "route", severity: "loud", destroyed: nodesLose },
  aws_route_table_association: { what: "route table's association", severity: "loud", destroyed: nodesLose },
  aws_vpc_endpoint: {
    what: "VPC endpoint",
    severity: "loud",
    destroyed: "requests to its service take the way through the NAT gateway, which costs, or have none",
  },
  aws_kms_key: {
    what: "key",
    severity: "loud",
    destroyed: "what it has encrypted, the cluster's secrets among it, cannot be read once it is gone",
  },
  aws_eks_access_entry: {
    what: "access entry",
    severity: "loud",
    destroyed: "whom it names can no longer reach the cluster; make sure that somebody else can",
    replaced: "whom it names cannot reach the cluster until the new one is there",
  },
  aws_eks_access_policy_association: {
    what: "access policy",
    severity: "loud",
    destroyed: "whom it names may do nothing in the cluster any more; make sure that somebody else may",
    replaced: "whom it names may do nothing in the cluster until the new one is there",
  },
  kubernetes_namespace_v1: {
    what: "namespace",
    severity: "loud",
    destroyed: "everything in it is deleted, runs in progress too",
  },
  kubernetes_job_v1: {
    what: "Job",
    severity: "notice",
    destroyed: "a run in progress is stopped; what it has committed stays in the bucket",
  },
  helm_release: { what: "release", severity: "notice", destroyed: "what the chart runs is away from the cluster" },
  aws_eks_addon: {
    what: "EKS add-on",
    severity: "notice",
    destroyed: "what it does for nodes and pods (network, names, volumes, credentials) stops",
  },
  aws_eks_pod_identity_association: {
    what: "pod identity",
    severity: "notice",
    destroyed: "its pods get no AWS credentials once those they have expire",
  },
  aws_iam_role: { what: "role", severity: "notice", destroyed: "whoever acts in its name is refused by AWS" },
  aws_cloudwatch_log_group: { what: "log group", severity: "notice", destroyed: "the records in it are deleted" },
};

/** What follows when a resource of a type is gone, or made anew; undefined where nobody need be warned. */
export function consequenceOf(
  type: string,
  action: "replace" | "delete",
  change: Change,
): { readonly what: string; readonly severity: "loud" | "notice"; readonly effect: string } | undefined {
  const known = Object.hasOwn(consequences, type) ? consequences[type] : undefined;
  if (known === undefined) return undefined;
  const { what, severity, destroyed, replaced } = known;
  const gone = typeof destroyed === "string" ? destroyed : destroyed((change.before ?? {}) as Record<string, unknown>);
  return { what, severity, effect: action === "replace" ? (replaced ?? gone) : gone };
}

/** Changes in place that users notice all the same: by type, which attributes, and what follows. */
const disturbingUpdates: Readonly<Record<string, readonly [what: string, attributes: RegExp, effect: string]>> = {
  aws_eks_cluster: ["cluster", /^version$/, "the control plane is upgraded; EKS does not go back"],
  aws_eks_node_group: [
    "node group",
    /^(version|release_version|launch_template\[0\]\.(version|id|name))$/,
    "its nodes are replaced a few at a time, and every pod on them is drained once",
  ],
};

/** What a change in place does to those who use the platform; undefined when nothing. */
export function consequenceOfUpdate(
  type: string,
  change: Change,
): { readonly what: string; readonly attributes: readonly string[]; readonly effect: string } | undefined {
  const known = Object.hasOwn(disturbingUpdates, type) ? disturbingUpdates[type] : undefined;
  if (known === undefined) return undefined;
  const [what, pattern, effect] = known;
  const attributes = changedAttributes(change)
    .map(({ path }) => path)
    .filter((path) => pattern.test(path));
  return attributes.length === 0 ? undefined : { what, attributes, effect };
}
