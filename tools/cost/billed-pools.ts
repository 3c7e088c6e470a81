import { instanceTypesWith } from "../../constructs/pools/instance-types.ts";
import { type CostLine, incomplete } from "./cost-line.ts";
import type { MachinePrices, PoolSize } from "./machines.ts";
import { dollars, type PriceRange, times } from "./money.ts";
import { creditsRange } from "./prediction.ts";
import { hoursPerMonth, type PriceTable, type RegionPrices, spotRange } from "./price-table.ts";
import type { Resource, ResourceJson } from "./synthesized.ts";

/** A pool with the prices of its machines. */
export type BilledPool = PoolSize & MachinePrices;

/** The lines of a node group of synthesized Terraform, priced with its launch template. A type without a price is named. */
export function nodeGroupLines(
  group: ResourceJson,
  resources: readonly Resource[],
  prices: RegionPrices,
  table: PriceTable,
): CostLine[] {
  const size = poolOf(group, resources);
  const known = size.instanceTypes.filter((type) => Object.hasOwn(prices.instances.usdPerHour, type));
  const lacks = size.instanceTypes
    .filter((type) => !known.includes(type))
    .map((type) => `the type ${type} of the pool ${size.name} has no price`);
  if (known.length === 0) return [incomplete(`nodes of ${size.name}`, lacks)];
  const [nodes, ...rest] = poolLines({ ...size, ...machinePrices({ ...size, instanceTypes: known }, prices, table) });
  return nodes === undefined ? [] : [lacks.length === 0 ? nodes : { ...nodes, lacks }, ...rest];
}

/** The prices of a pool's machines. All of its types must have one. */
export function machinePrices(
  { instanceTypes, volumeSizeGiB }: Pick<PoolSize, "instanceTypes" | "volumeSizeGiB">,
  prices: RegionPrices,
  table: PriceTable,
): MachinePrices {
  const found = instanceTypes.flatMap((type) => prices.instances.usdPerHour[type] ?? []);
  const [first] = found;
  const onDemand = found.map((price) => price.onDemand);
  const spot = found.map((price) => spotRange(table, price));
  return {
    onDemandUsdPerHour: first?.onDemand ?? Number.NaN,
    onDemandUsdPerHourOfTypes: { least: Math.min(...onDemand), most: Math.max(...onDemand) },
    spotUsdPerHour: {
      least: Math.min(...spot.map(({ least }) => least)),
      most: Math.max(...spot.map(({ most }) => most)),
    },
    volumeUsdPerHour: (volumeSizeGiB * prices.gp3Volume.usd) / hoursPerMonth,
    creditsOfTypes: found.map(({ baselineVCpus, creditUsdPerVCpuHour: usdPerVCpuHour = prices.cpuCredits.usd }) =>
      baselineVCpus === undefined ? undefined : { baselineVCpus, usdPerVCpuHour },
    ),
  };
}

/** A pool's machines and their volumes, at its minimum and at its maximum. */
export function poolLines(pool: BilledPool): CostLine[] {
  const { name, minimumNodes, maximumNodes, instanceTypes, capacityType } = pool;
  const usdPerHour = capacityType === "SPOT" ? pool.spotUsdPerHour : pool.onDemandUsdPerHourOfTypes;
  const nodes = (count: number): PriceRange => times(count * hoursPerMonth, usdPerHour);
  const type = `${instanceTypes[0]}${instanceTypes.length > 1 ? " and equals" : ""}${capacityType === "SPOT" ? ", spot" : ""}`;
  const volume = times(hoursPerMonth, dollars(pool.volumeUsdPerHour));
  const lines: CostLine[] = [
    {
      item: `nodes of ${name}`,
      how: `${minimumNodes} to ${maximumNodes} ${type}`,
      idle: nodes(minimumNodes),
      maximum: nodes(maximumNodes),
      lower: `a smaller minimum or type: nodePools.${name} in environments.ts`,
    },
    {
      item: `root volumes of ${name}`,
      how: `${minimumNodes} to ${maximumNodes} x ${pool.volumeSizeGiB} GB, gp3`,
      idle: times(minimumNodes, volume),
      maximum: times(maximumNodes, volume),
      lower: `nodePools.${name}.volumeSizeGiB`,
    },
  ];
  if (pool.creditsOfTypes.every((credits) => credits === undefined)) return lines;
  const hours = maximumNodes * hoursPerMonth;
  return [
    ...lines,
    {
      item: `CPU credits of ${name}`,
      how: `0 to ${maximumNodes} nodes with all vCPUs busy`,
      idle: dollars(0),
      maximum: creditsRange(pool, hours, hours * pool.vCpus),
      lower: `a type that is not burstable, such as m5.large: nodePools.${name}.instanceTypes`,
    },
  ];
}

/** Size of the root volume of a node whose group and template name none. @see https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html */
const defaultVolumeGiB = 20;

/** The size of a node group, with the volume of its launch template. */
export function poolOf(group: ResourceJson, resources: readonly Resource[]): PoolSize {
  const { labels, instance_types: instanceTypes = [], capacity_type: capacityType, scaling_config: scaling } = group;
  // A node group refers to its launch template as ${aws_launch_template.<name>.id}.
  const [, template] = /aws_launch_template\.([^.]+)\./.exec(String(group.launch_template?.id)) ?? [];
  const found = resources.find(({ type, name }) => type === "aws_launch_template" && name === template);
  const [mapping] = found?.json.block_device_mappings ?? [];
  return {
    name: labels?.["node-pool"] ?? group.node_group_name ?? "a node group",
    instanceTypes,
    capacityType,
    minimumNodes: scaling?.min_size ?? Number.NaN,
    maximumNodes: scaling?.max_size ?? Number.NaN,
    vCpus: vCpusOf(group),
    volumeSizeGiB: mapping?.ebs.volume_size ?? group.disk_size ?? defaultVolumeGiB,
  };
}

/** The vCPUs of each node. Groups of older commits and of a user's own lack the autoscaler's hint. */
function vCpusOf({ instance_types: types = [], tags }: ResourceJson): number {
  const hint: string | undefined = tags?.["k8s.io/cluster-autoscaler/node-template/resources/cpu"];
  // It is the vCPUs without the part of the kubelet, which is less than one of them.
  if (hint !== undefined) return Math.ceil(Number.parseInt(hint, 10) / (hint.endsWith("m") ? 1000 : 1));
  const known = instanceTypesWith();
  return Math.min(...types.map((type: string) => known[type]?.vCpus ?? Number.NaN));
}
