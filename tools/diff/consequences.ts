import { type Attributes, attributesOf, type Change } from "./plan.ts";

/** The effect on users of replacing or destroying one type of resource. */
interface Consequence {
  /** The common name, for example `node group`. */
  readonly noun: string;
  /** `loud` loses data or service; `notice` interrupts a run or a permission. */
  readonly severity: Severity;
  /** Follows "is destroyed: ", and describes a replacement too, unless that has its own text. */
  readonly destroyed: string | Effect;
  readonly replaced?: string | Effect;
}

export type Severity = "loud" | "notice";
/** A text that depends on the attributes of the resource as it is. */
type Effect = (before: Attributes) => string;

/** What an executor does when it ends. */
export const handsBack =
  "each commits what it has computed, and gives the rest of its messages back to the queue; nothing is lost";
const workloadFirst = "deploy the workload without it first, npm run deploy -- <environment> --stack workload";
const isOfDeadLetters = ({ name }: Attributes) => String(name).endsWith("-dead-letter");
/** Whether a Deployment is one of executors. Another is a service. */
export const isOfExecutors = ({ metadata }: Attributes) =>
  Array.isArray(metadata) && /^executor-/.test(String(metadata[0]?.name));
export const isKeda = ({ name }: Attributes) => name === "keda";
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
  aws_sqs_queue: {
    noun: "queue",
    severity: "loud",
    destroyed: (before) =>
      isOfDeadLetters(before)
        ? "the ranges that ended their executors are forgotten; sweep resume sends them again"
        : `its messages are lost, so that its runs stop, and executors that still run can hand nothing back: ${workloadFirst}. Committed results stay in the bucket`,
    replaced: (before) =>
      isOfDeadLetters(before)
        ? "the ranges that ended their executors are forgotten; sweep resume sends them again"
        : "its messages are lost, so that its runs stop until sweep resume sends again what is missing. Committed results stay in the bucket",
  },
  kubernetes_namespace_v1: {
    noun: "namespace",
    severity: "loud",
    destroyed: "everything in it is deleted, including runs in progress",
  },
  kubernetes_service_v1: {
    noun: "Service",
    severity: "notice",
    destroyed: "nobody reaches its pods any more",
    replaced: "nobody reaches its pods until the new one exists",
  },
  kubernetes_job_v1: {
    noun: "Job",
    severity: "notice",
    destroyed: "a run in progress stops; its committed blocks stay in the bucket",
  },
  kubernetes_deployment_v1: {
    noun: "Deployment",
    severity: "notice",
    destroyed: (before) =>
      isOfExecutors(before)
        ? `its executors end: ${handsBack}`
        : "its pods end, and nobody answers its requests any more",
  },
  helm_release: {
    noun: "release",
    severity: "notice",
    destroyed: (before) =>
      isKeda(before)
        ? "nobody starts or ends executors any more; those that run stay until the deploy of the workload ends them"
        : "the chart's programs or objects are removed from the cluster",
  },
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
): { readonly noun: string; readonly severity: Severity; readonly effect: string } | undefined {
  const known = Object.hasOwn(consequences, type) ? consequences[type] : undefined;
  if (known === undefined) return undefined;
  const { noun, severity, destroyed, replaced } = known;
  const effect = action === "replace" ? (replaced ?? destroyed) : destroyed;
  return { noun, severity, effect: typeof effect === "string" ? effect : effect(attributesOf(change.before)) };
}

/** By Terraform type: new resources that users notice, because they cost something outside themselves. */
const noticedAdditions: Readonly<Record<string, { readonly only: (after: Attributes) => boolean } & Addition>> = {
  helm_release: {
    only: isKeda,
    noun: "release",
    effect:
      "its three pods ask for 300m and 300 MiB on the pools that are always on, and it reads each queue every 15 s: 175,000 requests a month, or 7 cents; npm run cost tells whether the pools have the room",
  },
};

interface Addition {
  readonly noun: string;
  readonly effect: string;
}

/** The effect of adding a resource; undefined for one that needs no notice. */
export function consequenceOfAddition(type: string, change: Change): Addition | undefined {
  const known = Object.hasOwn(noticedAdditions, type) ? noticedAdditions[type] : undefined;
  if (known === undefined) return undefined;
  const { only, ...addition } = known;
  return only(attributesOf(change.after)) ? addition : undefined;
}
