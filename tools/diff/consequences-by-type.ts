import type { Attributes } from "./plan.ts";

/** The effect on users of replacing or destroying one type of resource. */
interface Consequence {
  /** The common name, for example `node group`. */
  readonly noun: string;
  /** Follows "is destroyed: ", and describes a replacement too, unless that has its own text. */
  readonly destroyed: string | Effect;
  readonly replaced?: string | Effect;
  /** Whether it interrupts a run or a permission at most. @default - it loses data or service */
  readonly isHarmless?: (action: "replace" | "delete", before: Attributes) => boolean;
}

/** A text that depends on the attributes of the resource as it is. */
type Effect = (before: Attributes) => string;

const always = () => true;
const ifReplaced = (action: "replace" | "delete") => action === "replace";

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

/** By Terraform type. Another type is destroyed or replaced with a warning of general words. */
export const consequences: Readonly<Record<string, Consequence>> = {
  aws_eks_cluster: {
    noun: "cluster",
    destroyed: ({ deletion_protection }) =>
      deletion_protection === true
        ? "AWS refuses while its deletion protection is on, and the deploy stops there"
        : "every node, every pod and every run in it ends, and its address changes; deploy addons and workload again",
  },
  aws_eks_node_group: {
    noun: "node group",
    destroyed: "every pod on its nodes is drained; runs continue elsewhere from their committed blocks",
  },
  aws_s3_bucket: {
    noun: "bucket",
    destroyed: ({ force_destroy }) =>
      force_destroy === true
        ? "every result in it is deleted for good"
        : "AWS refuses while it holds results, and the deploy stops there",
  },
  aws_ecr_repository: {
    noun: "image repository",
    destroyed: ({ force_delete }) =>
      force_delete === true
        ? "every image in it is deleted; pods on new nodes find none until the next deploy"
        : "AWS refuses while it holds images, and the deploy stops there",
  },
  aws_vpc: {
    noun: "network",
    destroyed: "everything in it is destroyed first: the cluster and every node",
  },
  aws_subnet: {
    noun: "subnet",
    destroyed:
      "nodes, load balancers and the cluster's interfaces in it are destroyed first; AWS refuses while one is left",
  },
  aws_internet_gateway: { noun: "internet gateway", destroyed: nodesLose },
  aws_nat_gateway: { noun: "NAT gateway", destroyed: nodesLose },
  aws_eip: {
    noun: "public address of a NAT gateway",
    destroyed: "the address, which allow-lists of others may contain, is released for good",
  },
  aws_route_table: { noun: "route table", destroyed: nodesLose },
  aws_route: { noun: "route", destroyed: nodesLose },
  aws_route_table_association: { noun: "route table's association", destroyed: nodesLose },
  aws_vpc_endpoint: {
    noun: "VPC endpoint",
    destroyed: "requests to its service go through the NAT gateway, which costs money, or fail without one",
  },
  aws_kms_key: {
    noun: "key",
    destroyed: "its encrypted data, including the cluster's secrets, becomes unreadable",
  },
  aws_eks_access_entry: {
    noun: "access entry",
    destroyed: "its principal can no longer access the cluster; make sure that another one can",
    replaced: "its principal cannot access the cluster until the new one exists",
  },
  aws_eks_access_policy_association: {
    noun: "access policy",
    destroyed: "its principal loses all permissions in the cluster; make sure that another one has them",
    replaced: "its principal has no permissions in the cluster until the new one exists",
  },
  aws_sqs_queue: {
    noun: "queue",
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
    destroyed: "everything in it is deleted, including runs in progress",
  },
  kubernetes_service_v1: {
    noun: "Service",
    isHarmless: ifReplaced,
    destroyed: "nobody reaches its pods any more",
    replaced: "nobody reaches its pods until the new one exists",
  },
  kubernetes_job_v1: {
    noun: "Job",
    isHarmless: always,
    destroyed: "a run in progress stops; its committed blocks stay in the bucket",
  },
  kubernetes_deployment_v1: {
    noun: "Deployment",
    isHarmless: (action, before) => action === "replace" || isOfExecutors(before),
    destroyed: (before) =>
      isOfExecutors(before)
        ? `its executors end: ${handsBack}`
        : "its pods end, and nobody answers its requests any more",
  },
  helm_release: {
    noun: "release",
    isHarmless: ifReplaced,
    destroyed: (before) =>
      isKeda(before)
        ? "nobody starts or ends executors any more; those that run stay until the deploy of the workload ends them"
        : "the chart's programs or objects are removed from the cluster",
  },
  aws_eks_addon: {
    noun: "EKS add-on",
    isHarmless: ifReplaced,
    destroyed: "its service for nodes and pods (network, names, volumes, credentials) stops",
  },
  aws_eks_pod_identity_association: {
    noun: "pod identity",
    isHarmless: ifReplaced,
    destroyed: "its pods get no AWS credentials after the present ones expire",
  },
  aws_iam_role: { noun: "role", isHarmless: ifReplaced, destroyed: "AWS refuses every program that uses it" },
  aws_cloudwatch_log_group: { noun: "log group", destroyed: "its records are deleted" },
  aws_s3_bucket_public_access_block: {
    noun: "block of public access",
    destroyed: "a policy or an ACL of the bucket may make it public",
  },
  aws_s3_bucket_server_side_encryption_configuration: {
    noun: "encryption of the bucket",
    destroyed: "new objects are encrypted with a key of S3 only",
  },
  aws_s3_bucket_versioning: {
    noun: "versioning of the bucket",
    destroyed: "an object that is overwritten or deleted is gone",
  },
  aws_s3_bucket_policy: {
    noun: "policy of the bucket",
    destroyed: "requests that it refused are admitted, and requests that it allowed are refused",
  },
  aws_default_security_group: {
    noun: "default security group",
    destroyed: "its rules stay as they are, and Terraform no longer watches them",
  },
  aws_security_group: { noun: "security group", destroyed: "everything behind it loses its traffic" },
  aws_flow_log: { noun: "flow log", destroyed: "nobody can read later which machines talked to each other" },
  aws_budgets_budget: { noun: "budget", destroyed: "nobody gets a message when the bill grows" },
  aws_iam_role_policy: {
    noun: "policy of a role",
    isHarmless: ifReplaced,
    destroyed: "AWS refuses the requests of programs that need it",
  },
  aws_iam_role_policy_attachment: {
    noun: "policy of a role",
    isHarmless: ifReplaced,
    destroyed: "AWS refuses the requests of programs that need it",
  },
  kubernetes_network_policy_v1: {
    noun: "network policy",
    destroyed: "traffic that it refused is admitted",
    replaced: "traffic that it refuses is admitted until the new one exists",
  },
  kubernetes_role_binding_v1: {
    noun: "role's binding",
    isHarmless: ifReplaced,
    destroyed: "its accounts lose their permissions in the namespace",
  },
  kubernetes_service_account_v1: {
    noun: "service account",
    isHarmless: ifReplaced,
    destroyed: "its pods cannot start again, and get no credentials",
  },
  kubernetes_config_map_v1: {
    noun: "ConfigMap",
    isHarmless: always,
    destroyed: "pods that read it cannot start again",
    replaced: "pods that run keep the old values",
  },
  kubernetes_cron_job_v1: { noun: "CronJob", isHarmless: ifReplaced, destroyed: "nothing starts its runs any more" },
  aws_autoscaling_group_tag: {
    noun: "tag of a node group",
    isHarmless: always,
    destroyed: "the autoscaler may not know what an empty pool offers",
  },
  aws_launch_template: {
    noun: "launch template",
    isHarmless: ifReplaced,
    destroyed: "its node groups start no node any more",
    replaced: "its node groups replace their nodes",
  },
  aws_kms_alias: { noun: "name of a key", isHarmless: ifReplaced, destroyed: "programs that use the name find no key" },
  aws_ecr_lifecycle_policy: {
    noun: "lifecycle of images",
    isHarmless: always,
    destroyed: "old images stay, and cost money",
  },
  terraform_data: {
    noun: "value in the state",
    isHarmless: always,
    destroyed: "nothing but the state holds it; its commands (provisioners) may run",
  },
};
