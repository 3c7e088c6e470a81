import { formatCount } from "sweep-worker/contract";
import { nodeGroupLines, poolOf } from "./billed-pools.ts";
import { type CostLine, fixed, hourly } from "./cost-line.ts";
import { dollars } from "./money.ts";
import { SECONDS_PER_OBJECT } from "./prediction.ts";
import { hoursPerMonth, type PriceTable, type RegionPrices } from "./price-table.ts";
import { queueLines } from "./queue-lines.ts";
import type { Resource, ResourceJson } from "./synthesized.ts";

/** What a price depends on beside the resource. */
export interface Context {
  readonly prices: RegionPrices;
  readonly table: PriceTable;
  /** All resources of the environment. */
  readonly resources: readonly Resource[];
}

/** Types that cost nothing by themselves. */
export const freeTypes: ReadonlySet<string> = new Set([
  "aws_autoscaling_group_tag",
  "aws_budgets_budget",
  "aws_default_security_group",
  "aws_ecr_lifecycle_policy",
  "aws_eks_access_entry",
  "aws_eks_access_policy_association",
  "aws_eks_addon",
  "aws_eks_pod_identity_association",
  // Its records are priced with their log group.
  "aws_flow_log",
  "aws_iam_role",
  "aws_iam_role_policy",
  "aws_iam_role_policy_attachment",
  "aws_internet_gateway",
  "aws_kms_alias",
  // Its volumes are priced with the node groups.
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
  "aws_vpc_security_group_egress_rule",
  "aws_vpc_security_group_ingress_rule",
  // These run in the cluster, on nodes that are priced as pools.
  "kubernetes_config_map_v1",
  "kubernetes_cron_job_v1",
  "kubernetes_deployment_v1",
  "kubernetes_horizontal_pod_autoscaler_v2",
  // Its load balancer is priced with the controller that makes it.
  "kubernetes_ingress_v1",
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
  aws_eks_cluster: (clusters, { prices, table, resources }) =>
    clusters.flatMap((cluster) => [
      ...controlPlane(cluster, prices, table),
      traffic(
        "data between zones",
        table.assumptions.crossZoneGbPerMonth.value,
        table.assumptions.crossZoneGbPerBusyNodeHour.value * busyHours(resources).nodes,
        // It leaves one zone and arrives in another one.
        2 * prices.crossZoneData.usd,
        "nothing",
      ),
    ]),
  aws_nat_gateway: (gateways, { prices, table: { assumptions }, resources }) => [
    ...hourly(
      "NAT gateways",
      gateways.length,
      prices.natGateway.usd,
      gateways.length > 1
        ? 'network.natGateways: "single", which loses internet access if one zone fails'
        : "an existingNetwork, whose gateways somebody pays for already",
    ),
    traffic(
      "data through NAT gateways",
      assumptions.natGbPerMonth.value,
      assumptions.natGbPerBusyNodeHour.value * busyHours(resources).nodes,
      prices.natGatewayData.usd,
      "network.interfaceEndpoints for the services that nodes ask most",
    ),
  ],
  aws_eip: (addresses, { prices }) =>
    hourly("public IPv4 addresses", addresses.length, prices.publicIpv4Address.usd, "fewer NAT gateways"),
  aws_vpc_endpoint: (endpoints, { prices, table: { assumptions }, resources }) => {
    // Gateway endpoints are free. An interface endpoint is billed for each of its subnets.
    const interfaces = endpoints.filter((endpoint) => endpoint.vpc_endpoint_type === "Interface");
    const zones = interfaces.reduce((count, endpoint) => count + endpoint.subnet_ids.length, 0);
    if (zones === 0) return [];
    const { natGbPerMonth, natGbPerBusyNodeHour } = assumptions;
    return [
      ...hourly("interface endpoints, in each zone", zones, prices.interfaceEndpoint.usd, "network.interfaceEndpoints"),
      // Some of the data takes the NAT gateway instead, so that both lines together are more than the bill.
      traffic(
        "data through interface endpoints",
        natGbPerMonth.value,
        natGbPerBusyNodeHour.value * busyHours(resources).nodes,
        prices.interfaceEndpointData.usd,
        "nothing",
      ),
    ];
  },
  aws_eks_node_group: (groups, { prices, table, resources }) =>
    groups.flatMap((group) => nodeGroupLines(group, resources, prices, table)),
  // Charts run on nodes, which are priced as pools.
  helm_release: (releases, { prices, table, resources }) =>
    releases.flatMap((release) =>
      release.chart === "aws-load-balancer-controller"
        ? loadBalancer(release, prices)
        : queueLines(release, resources, prices, table),
    ),
  aws_kms_key: (keys, { prices, table: { assumptions } }) => [
    ...keys.map((key) => keyLine(key, prices)),
    ...fixed(
      "KMS requests",
      `assumed ${formatCount(assumptions.kmsRequestsPerMonth.value)} a month`,
      (assumptions.kmsRequestsPerMonth.value / 10_000) * prices.kmsRequest.usd,
      "nothing",
    ),
  ],
  aws_cloudwatch_log_group: (groups, context) => groups.flatMap((group) => logGroup(group, context)),
  aws_ecr_repository: (repositories, { prices, table }) => {
    const gb = repositories.length * table.assumptions.imageGbInRegistry.value;
    return fixed("images in ECR", `assumed ${gb} GB`, gb * prices.ecrStorage.usd, "keepImages of the registry");
  },
  aws_s3_bucket: (buckets, { prices, table: { assumptions }, resources }) => {
    const gb = buckets.length * assumptions.resultsGbInBucket.value;
    const workerHours = assumptions.workersPerBusyVCpu.value * busyHours(resources).vCpus;
    const requests = (workerHours * 3600) / SECONDS_PER_OBJECT;
    return [
      ...fixed("results in S3", `assumed ${gb} GB`, gb * prices.s3Storage.usd, "results.expirationInDays"),
      {
        item: "requests to S3",
        how: `0 to ${formatCount(Math.round(requests))} that store results`,
        idle: dollars(0),
        maximum: dollars((requests / 1000) * prices.s3Put.usd),
        lower: "fewer, faster workers: each stores its results every ten seconds",
      },
    ];
  },
};

/** The hours of a month for all nodes that a pool can have beside those that are always on, and for their vCPUs. */
function busyHours(resources: readonly Resource[]): { readonly nodes: number; readonly vCpus: number } {
  const pools = resources
    .filter(({ type }) => type === "aws_eks_node_group")
    .map(({ json }) => poolOf(json, resources));
  const hours = pools.map(({ minimumNodes, maximumNodes, vCpus }) => {
    const nodes = (maximumNodes - minimumNodes) * hoursPerMonth;
    return { nodes, vCpus: nodes * vCpus };
  });
  return hours.reduce((sum, one) => ({ nodes: sum.nodes + one.nodes, vCpus: sum.vCpus + one.vCpus }), {
    nodes: 0,
    vCpus: 0,
  });
}

/** Data that is billed by the GB: an assumed part each month, and another part with every pool at its maximum. */
function traffic(item: string, gbIdle: number, gbBusy: number, usdPerGb: number, lower: string): CostLine {
  const most = gbIdle + gbBusy;
  return {
    item,
    how: `assumed ${formatCount(gbIdle)} to ${formatCount(Math.round(most))} GB x $${usdPerGb}`,
    idle: dollars(gbIdle * usdPerGb),
    maximum: dollars(most * usdPerGb),
    lower,
  };
}

/** Each of the first two yearly rotations of a key adds its price once more. @see https://aws.amazon.com/kms/pricing/ */
function keyLine({ enable_key_rotation: rotates }: ResourceJson, { kmsKey: { usd } }: RegionPrices): CostLine {
  const most = rotates ? 3 : 1;
  return {
    item: "KMS key",
    how: rotates ? `$${usd}, and as much for each of two yearly rotations` : `$${usd}`,
    idle: dollars(usd),
    maximum: dollars(most * usd),
    lower: "nothing",
  };
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
      ? `Kubernetes ${version}: the price table lacks the end of its standard support.`
      : `Kubernetes ${version}: standard support ${isOver ? "ended on" : "until"} ${end}, ${later}.`;
  return fixed("EKS control plane", how, hoursPerMonth * usd, lower).map((line) => ({ ...line, note }));
}

/** Prices the assumed volume of a log group, kept for its retention period. */
function logGroup(group: ResourceJson, { prices, table }: Context): CostLine[] {
  const isFlowLogs = String(group.name).endsWith("/flow-logs");
  const { flowLogGbPerMonth, controlPlaneLogGbPerMonth } = table.assumptions;
  const { value: gb } = isFlowLogs ? flowLogGbPerMonth : controlPlaneLogGbPerMonth;
  const days = group.retention_in_days;
  const usd = gb * (prices.logIngestion.usd + (days / 30) * prices.logStorage.usd);
  return fixed(
    isFlowLogs ? "VPC flow logs" : "control-plane logs",
    `assumed ${gb} GB a month, kept for ${days} days`,
    usd,
    isFlowLogs ? "leave out network.flowLogRetentionInDays" : "fewer enabledLogTypes of the cluster",
  );
}

/** The load balancer that the Ingresses of a controller share. */
function loadBalancer({ values }: ResourceJson, prices: RegionPrices): CostLine[] {
  const { scheme, subnets } = JSON.parse(values[0]).ingressClassParams.spec;
  const { loadBalancer: own, loadBalancerCapacityUnit: unit, publicIpv4Address: address } = prices;
  const lower = "leave out services.ingress; npm run ui reaches the page without it";
  const line: CostLine = {
    item: "load balancer",
    how: `${hoursPerMonth} h x $${own.usd}, and 0 to 1 capacity unit x $${unit.usd}`,
    idle: dollars(hoursPerMonth * own.usd),
    maximum: dollars(hoursPerMonth * (own.usd + unit.usd)),
    lower,
  };
  if (scheme === "internal") return [line];
  const zones = subnets.ids.length;
  return [line, ...hourly("public IPv4 addresses of the load balancer", zones, address.usd, 'scheme: "internal"')];
}
