import { changedAttributes } from "./attributes.ts";
import type { Change } from "./plan.ts";

/** The effect on users of replacing or destroying one type of resource. */
interface Consequence {
  /** The common name, for example `node group`. */
  readonly noun: string;
  /** `loud` loses data or service; `notice` interrupts a run or a permission. */
  readonly severity: "loud" | "notice";
  /** Follows "is destroyed: ", and describes a replacement too, unless that has its own text. */
  readonly destroyed: string | ((before: Readonly<Record<string, unknown>>) => string);
  readonly replaced?: string;
}

const nodesLose = "every node behind it loses internet access: it pulls no image and stores no result";

/** By Terraform type. Other types are in the plan and need no warning. */
export const consequences: Readonly<Record<string, Consequence>> = {
  aws_eks_cluster: {
    noun: "cluster",
    severity: "loud",
    destroyed: ({ deletion_protection }) =>
      deletion_protection === true
        ? "AWS refuses while its deletion protection is on, and the deploy stops there"
        : "every node, every pod and every run in it ends, and its address changes; deploy addons and workload again",
  },
  aws_eks_node_group: {
    noun: "node group",
    severity: "loud",
    destroyed: "every pod on its nodes is drained; runs continue elsewhere from their committed blocks",
  },
  aws_s3_bucket: {
    noun: "bucket",
    severity: "loud",
    destroyed: ({ force_destroy }) =>
      force_destroy === true
        ? "every result in it is deleted for good"
        : "AWS refuses while it holds results, and the deploy stops there",
  },
  aws_ecr_repository: {
    noun: "image repository",
    severity: "loud",
    destroyed: ({ force_delete }) =>
      force_delete === true
        ? "every image in it is deleted; pods on new nodes find none until the next deploy"
        : "AWS refuses while it holds images, and the deploy stops there",
  },
  aws_vpc: {
    noun: "network",
    severity: "loud",
    destroyed: "everything in it is destroyed first: the cluster and every node",
  },
  aws_subnet: {
    noun: "subnet",
    severity: "loud",
    destroyed:
      "nodes, load balancers and the cluster's interfaces in it are destroyed first; AWS refuses while one is left",
  },
  aws_internet_gateway: { noun: "internet gateway", severity: "loud", destroyed: nodesLose },
  aws_nat_gateway: { noun: "NAT gateway", severity: "loud", destroyed: nodesLose },
  aws_eip: {
    noun: "public address of a NAT gateway",
    severity: "loud",
    destroyed: "the address, which allow-lists of others may contain, is released for good",
  },
  aws_route_table: { noun: "route table", severity: "loud", destroyed: nodesLose },
  aws_route: { noun: "route", severity: "loud", destroyed: nodesLose },
  aws_route_table_association: { noun: "route table's association", severity: "loud", destroyed: nodesLose },
  aws_vpc_endpoint: {
    noun: "VPC endpoint",
    severity: "loud",
    destroyed: "requests to its service go through the NAT gateway, which costs money, or fail without one",
  },
  aws_kms_key: {
    noun: "key",
    severity: "loud",
    destroyed: "its encrypted data, including the cluster's secrets, becomes unreadable",
  },
  aws_eks_access_entry: {
    noun: "access entry",
    severity: "loud",
    destroyed: "its principal can no longer access the cluster; make sure that another one can",
    replaced: "its principal cannot access the cluster until the new one exists",
  },
  aws_eks_access_policy_association: {
    noun: "access policy",
    severity: "loud",
    destroyed: "its principal loses all permissions in the cluster; make sure that another one has them",
    replaced: "its principal has no permissions in the cluster until the new one exists",
  },
  kubernetes_namespace_v1: {
    noun: "namespace",
    severity: "loud",
    destroyed: "everything in it is deleted, including runs in progress",
  },
  kubernetes_job_v1: {
    noun: "Job",
    severity: "notice",
    destroyed: "a run in progress stops; its committed blocks stay in the bucket",
  },
  helm_release: { noun: "release", severity: "notice", destroyed: "the chart's programs are removed from the cluster" },
  aws_eks_addon: {
    noun: "EKS add-on",
    severity: "notice",
    destroyed: "its service for nodes and pods (network, names, volumes, credentials) stops",
  },
  aws_eks_pod_identity_association: {
    noun: "pod identity",
    severity: "notice",
    destroyed: "its pods get no AWS credentials after the present ones expire",
  },
  aws_iam_role: { noun: "role", severity: "notice", destroyed: "AWS refuses every program that uses it" },
  aws_cloudwatch_log_group: { noun: "log group", severity: "notice", destroyed: "its records are deleted" },
};

/** The effect of destroying or replacing a resource; undefined for a type that needs no warning. */
export function consequenceOf(
  type: string,
  action: "replace" | "delete",
  change: Change,
): { readonly noun: string; readonly severity: "loud" | "notice"; readonly effect: string } | undefined {
  const known = Object.hasOwn(consequences, type) ? consequences[type] : undefined;
  if (known === undefined) return undefined;
  const { noun, severity, destroyed, replaced } = known;
  const gone = typeof destroyed === "string" ? destroyed : destroyed((change.before ?? {}) as Record<string, unknown>);
  return { noun, severity, effect: action === "replace" ? (replaced ?? gone) : gone };
}

/** A change in place that users notice. */
interface DisturbingUpdate {
  readonly noun: string;
  readonly severity: "loud" | "notice";
  readonly happens: string;
  readonly attributes: RegExp;
  /** Whether it is one, by the values of the attribute. Without it, every change of the attribute is one. */
  readonly only?: (values: { readonly before: string; readonly after: string }) => boolean;
  readonly effect: string;
}

const protectionOff: Pick<DisturbingUpdate, "severity" | "happens" | "only"> = {
  severity: "loud",
  happens: "is SWITCHED OFF",
  only: ({ before, after }) => before === "true" && after !== "true",
};

/** By Terraform type. */
const disturbingUpdates: Readonly<Record<string, readonly DisturbingUpdate[]>> = {
  aws_eks_cluster: [
    {
      noun: "cluster",
      severity: "notice",
      happens: "changes",
      attributes: /^version$/,
      effect: "the control plane is upgraded; EKS does not go back",
    },
    {
      noun: "deletion protection of the cluster",
      ...protectionOff,
      attributes: /^deletion_protection$/,
      effect: "EKS no longer refuses to delete the cluster",
    },
  ],
  aws_eks_node_group: [
    {
      noun: "node group",
      severity: "notice",
      happens: "changes",
      attributes: /^(version|release_version|launch_template\[0\]\.(version|id|name))$/,
      effect:
        "its nodes are replaced, a third of them at a time: every pod on them is drained once, and workers continue elsewhere from their committed blocks",
    },
  ],
  // The protection of a stack, which remembers its deployed value.
  terraform_data: [
    {
      noun: "deletion protection of the stack",
      ...protectionOff,
      attributes: /^input\.protected$/,
      effect: "after this deploy a destroy is no longer refused",
    },
  ],
};

/** The effects of a change in place on users. */
export function consequencesOfUpdate(
  type: string,
  change: Change,
): (Pick<DisturbingUpdate, "noun" | "severity" | "happens" | "effect"> & { readonly attributes: readonly string[] })[] {
  const known = Object.hasOwn(disturbingUpdates, type) ? disturbingUpdates[type] : undefined;
  const changed = changedAttributes(change);
  return (known ?? []).flatMap(({ attributes: pattern, only = () => true, ...update }) => {
    const attributes = changed.filter((values) => pattern.test(values.path) && only(values)).map(({ path }) => path);
    return attributes.length === 0 ? [] : [{ ...update, attributes }];
  });
}
