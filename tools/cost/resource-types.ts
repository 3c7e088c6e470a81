import { dollars } from "./money.ts";
import type { CostLine } from "./monthly.ts";
import { hoursPerMonth, type PriceTable, type RegionPrices } from "./price-table.ts";
import type { Resource, ResourceJson } from "./synthesized.ts";

interface Context {
  readonly prices: RegionPrices;
  readonly table: PriceTable;
  readonly resources: readonly Resource[];
}

/** Known to cost nothing by themselves; node groups and launch templates are priced as pools (`monthly.ts`). */
export const freeTypes: ReadonlySet<string> = new Set([
  "aws_autoscaling_group_tag",
  "aws_budgets_budget",
  "aws_cloudwatch_event_rule",
  "aws_cloudwatch_event_target",
  "aws_default_security_group",
  "aws_ecr_lifecycle_policy",
  "aws_eks_access_entry",
  "aws_eks_access_policy_association",
  "aws_eks_addon",
  "aws_eks_node_group",
  "aws_eks_pod_identity_association",
  // Its records are priced with the log group that takes them in.
  "aws_flow_log",
  "aws_iam_instance_profile",
  "aws_iam_openid_connect_provider",
  "aws_iam_policy",
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
  "aws_sns_topic",
  "aws_sns_topic_subscription",
  "aws_subnet",
  "aws_vpc",
  "aws_vpc_security_group_egress_rule",
  "aws_vpc_security_group_ingress_rule",
  // In the cluster: they run on nodes that are priced as pools.
  "helm_release",
  "kubernetes_cluster_role_binding_v1",
  "kubernetes_cluster_role_v1",
  "kubernetes_config_map_v1",
  "kubernetes_deployment_v1",
  "kubernetes_horizontal_pod_autoscaler_v2",
  "kubernetes_job_v1",
  "kubernetes_namespace_v1",
  "kubernetes_network_policy_v1",
  "kubernetes_pod_disruption_budget_v1",
  "kubernetes_role_binding_v1",
  "kubernetes_role_v1",
  "kubernetes_secret_v1",
  "kubernetes_service_account_v1",
  // Publishes the image; the registry is priced.
  "terraform_data",
]);

type PriceType = (resources: readonly ResourceJson[], context: Context) => CostLine[];

/** A price that is paid whether anything is computed or not. */
function fixed(item: string, how: string, usdPerMonth: number, lower: string): CostLine[] {
  return [{ item, how, idle: dollars(usdPerMonth), maximum: dollars(usdPerMonth), lower }];
}

/** A count of things that are billed by the hour. */
function hourly(item: string, count: number, usdPerHour: number, lower: string): CostLine[] {
  return fixed(item, `${count} x ${hoursPerMonth} h x $${usdPerHour}`, count * hoursPerMonth * usdPerHour, lower);
}

export const pricedTypes: Readonly<Record<string, PriceType>> = {
  aws_eks_cluster: (clusters, { prices, table }) => clusters.flatMap((cluster) => controlPlane(cluster, prices, table)),
  aws_nat_gateway: (gateways, { prices }) =>
    hourly(
      "NAT gateways",
      gateways.length,
      prices.natGateway.usd,
      gateways.length > 1
        ? 'network.natGateways: "single", at the price of losing the way out with one zone'
        : 'network.natGateways: "none" with interfaceEndpoints, where they are fewer than four',
    ),
  aws_eip: (addresses, { prices }) =>
    hourly("public IPv4 addresses", addresses.length, prices.publicIpv4Address.usd, "fewer NAT gateways"),
  aws_vpc_endpoint: (endpoints, { prices }) => {
    // Gateway endpoints are free; an interface endpoint is paid for in each subnet that it is in.
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
  aws_cloudwatch_metric_alarm: (alarms, { prices }) =>
    fixed("CloudWatch alarms", `${alarms.length} x $${prices.alarm.usd}`, alarms.length * prices.alarm.usd, "fewer"),
  aws_ecr_repository: (repositories, { prices, table }) => {
    const gb = repositories.length * table.assumptions.imageGbInRegistry;
    return fixed("images in ECR", `assumed ${gb} GB`, gb * prices.ecrStorage.usd, "keepImages of the registry");
  },
  aws_s3_bucket: (buckets, { prices, table }) => {
    const gb = buckets.length * table.assumptions.resultsGbInBucket;
    return fixed("results in S3", `assumed ${gb} GB`, gb * prices.s3Storage.usd, "results.expirationInDays");
  },
  aws_lb: (balancers, { prices }) => loadBalancers(balancers.length, prices),
  kubernetes_ingress_v1: (ingresses, { prices }) => loadBalancers(ingresses.length, prices),
  kubernetes_service_v1: (services, { prices }) =>
    loadBalancers(services.filter(({ spec }) => spec?.type === "LoadBalancer").length, prices),
  // A million requests a month are free, and more than a queue of jobs makes.
  aws_sqs_queue: (queues) => fixed("SQS queues", `${queues.length}, below the free million of requests`, 0, "nothing"),
};

/** Each is billed by the hour, and by what it carries, which is left out. */
function loadBalancers(count: number, { loadBalancer }: RegionPrices): CostLine[] {
  return count === 0 ? [] : hourly("load balancers", count, loadBalancer.usd, "services that only the cluster reaches");
}

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
      ? `Kubernetes ${version}: the price table does not know when its standard support ends.`
      : `Kubernetes ${version}: standard support ${isOver ? "ended on" : "until"} ${end}, ${later}.`;
  return fixed("EKS control plane", how, hoursPerMonth * usd, lower).map((line) => ({ ...line, note }));
}

/** Log groups take in what is assumed, and keep it for the days that they say. */
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
