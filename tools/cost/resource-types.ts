import { type CostLine, fixed, hourly } from "./cost-line.ts";
import { hoursPerMonth, type PriceTable, type RegionPrices } from "./price-table.ts";
import type { ResourceJson } from "./synthesized.ts";

interface Context {
  readonly prices: RegionPrices;
  readonly table: PriceTable;
}

/** Types that cost nothing by themselves. `monthly.ts` prices node groups and launch templates as pools. */
export const freeTypes: ReadonlySet<string> = new Set([
  "aws_autoscaling_group_tag",
  "aws_budgets_budget",
  "aws_default_security_group",
  "aws_ecr_lifecycle_policy",
  "aws_eks_access_entry",
  "aws_eks_access_policy_association",
  "aws_eks_addon",
  "aws_eks_node_group",
  "aws_eks_pod_identity_association",
  // Its records are priced with their log group.
  "aws_flow_log",
  "aws_iam_role",
  "aws_iam_role_policy",
  "aws_iam_role_policy_attachment",
  "aws_internet_gateway",
  "aws_kms_alias",
  "aws_launch_template",
  "aws_route",
  "aws_route_table",
  "aws_route_table_association",
  "aws_s3_bucket_lifecycle_configuration",
  "aws_s3_bucket_ownership_controls",
  "aws_s3_bucket_policy",
  "aws_s3_bucket_public_access_block",
  "aws_s3_bucket_server_side_encryption_configuration",
  "aws_s3_bucket_versioning",
  "aws_security_group",
  // Its requests are priced with the executors.
  "aws_sqs_queue",
  "aws_sqs_queue_policy",
  "aws_sqs_queue_redrive_allow_policy",
  "aws_sqs_queue_redrive_policy",
  "aws_subnet",
  "aws_vpc",
  "aws_vpc_security_group_ingress_rule",
  // These run in the cluster, on nodes that are priced as pools.
  "helm_release",
  "kubernetes_config_map_v1",
  "kubernetes_cron_job_v1",
  "kubernetes_deployment_v1",
  "kubernetes_horizontal_pod_autoscaler_v2",
  "kubernetes_job_v1",
  "kubernetes_namespace_v1",
  "kubernetes_network_policy_v1",
  "kubernetes_pod_disruption_budget_v1",
  "kubernetes_role_binding_v1",
  "kubernetes_role_v1",
  "kubernetes_service_account_v1",
  // All of them are addresses inside the cluster.
  "kubernetes_service_v1",
  // Publishes the image; the registry is priced.
  "terraform_data",
]);

type PriceType = (resources: readonly ResourceJson[], context: Context) => CostLine[];

export const pricedTypes: Readonly<Record<string, PriceType>> = {
  aws_eks_cluster: (clusters, { prices, table }) => clusters.flatMap((cluster) => controlPlane(cluster, prices, table)),
  aws_nat_gateway: (gateways, { prices }) =>
    hourly(
      "NAT gateways",
      gateways.length,
      prices.natGateway.usd,
      gateways.length > 1
        ? 'network.natGateways: "single", which loses internet access if one zone fails'
        : "an existingNetwork, whose gateways somebody pays for already",
    ),
  aws_eip: (addresses, { prices }) =>
    hourly("public IPv4 addresses", addresses.length, prices.publicIpv4Address.usd, "fewer NAT gateways"),
  aws_vpc_endpoint: (endpoints, { prices }) => {
    // Gateway endpoints are free. An interface endpoint is billed for each of its subnets.
    const interfaces = endpoints.filter((endpoint) => endpoint.vpc_endpoint_type === "Interface");
    const zones = interfaces.reduce((count, endpoint) => count + endpoint.subnet_ids.length, 0);
    if (zones === 0) return [];
    return hourly(
      "interface endpoints, in each zone",
      zones,
      prices.interfaceEndpoint.usd,
      "network.interfaceEndpoints",
    );
  },
  aws_kms_key: (keys, { prices }) =>
    fixed("KMS keys", `${keys.length} x $${prices.kmsKey.usd}`, keys.length * prices.kmsKey.usd, "nothing"),
  aws_cloudwatch_log_group: (groups, context) => groups.flatMap((group) => logGroup(group, context)),
  aws_ecr_repository: (repositories, { prices, table }) => {
    const gb = repositories.length * table.assumptions.imageGbInRegistry;
    return fixed("images in ECR", `assumed ${gb} GB`, gb * prices.ecrStorage.usd, "keepImages of the registry");
  },
  aws_s3_bucket: (buckets, { prices, table }) => {
    const gb = buckets.length * table.assumptions.resultsGbInBucket;
    return fixed("results in S3", `assumed ${gb} GB`, gb * prices.s3Storage.usd, "results.expirationInDays");
  },
};

/** With `STANDARD`, EKS upgrades at the end of standard support; with `EXTENDED`, it charges six times as much. */
function controlPlane(cluster: ResourceJson, prices: RegionPrices, { date, eks }: PriceTable): CostLine[] {
  const version = String(cluster.version);
  const end = eks.endOfStandardSupport[version];
  const isOver = end !== undefined && end < date;
  const upgrades = cluster.upgrade_policy?.support_type === "STANDARD";
  const isExtended = isOver && !upgrades;
  const usd = (isExtended ? prices.eksClusterExtended : prices.eksClusterStandard).usd;
  const lower = isExtended ? "a newer cluster.kubernetesVersion" : "destroy the environment while nobody needs it";
  const how = `${hoursPerMonth} h x $${usd}, Kubernetes ${version}${isExtended ? ", extended support" : ""}`;
  const later = upgrades ? "then EKS upgrades the cluster" : `then it costs $${prices.eksClusterExtended.usd} an hour`;
  const note =
    end === undefined
      ? `Kubernetes ${version}: the price table lacks the end of its standard support.`
      : `Kubernetes ${version}: standard support ${isOver ? "ended on" : "until"} ${end}, ${later}.`;
  return fixed("EKS control plane", how, hoursPerMonth * usd, lower).map((line) => ({ ...line, note }));
}

/** Prices the assumed volume of a log group, kept for its retention period. */
function logGroup(group: ResourceJson, { prices, table }: Context): CostLine[] {
  const isFlowLogs = String(group.name).endsWith("/flow-logs");
  const { flowLogGbPerMonth, controlPlaneLogGbPerMonth } = table.assumptions;
  const gb = isFlowLogs ? flowLogGbPerMonth : controlPlaneLogGbPerMonth;
  const days = group.retention_in_days;
  const usd = gb * (prices.logIngestion.usd + (days / 30) * prices.logStorage.usd);
  return fixed(
    isFlowLogs ? "VPC flow logs" : "control-plane logs",
    `assumed ${gb} GB a month, kept for ${days} days`,
    usd,
    isFlowLogs ? "leave out network.flowLogRetentionInDays" : "fewer enabledLogTypes of the cluster",
  );
}
