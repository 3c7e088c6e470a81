import { commonAllocatable } from "../../constructs/pools/allocatable.ts";
import { type InstanceType, instanceTypes } from "../../constructs/pools/instance-types.ts";
import { roomForPods } from "../../constructs/pools/node-target.ts";
import type { NodePoolFacts } from "../plan/machines.ts";
import { hoursPerMonth, instancePrice, type PriceTable, pricesOf } from "./price-table.ts";
import { ofType, type Resource, referred } from "./synthesized.ts";

/** A pool as it is in the synthesized stacks. */
export interface SynthesizedPool {
  readonly name: string;
  readonly instanceTypes: readonly string[];
  readonly capacityType: "ON_DEMAND" | "SPOT";
  readonly minimumNodes: number;
  readonly maximumNodes: number;
  readonly volumeSizeGiB: number;
  readonly labels: Readonly<Record<string, string>>;
}

export function synthesizedPools(resources: readonly Resource[]): SynthesizedPool[] {
  return ofType(resources, "aws_eks_node_group").map((group) => {
    const template = referred(resources, group.launch_template.id);
    const volumes: { ebs: { volume_size: number } }[] = template?.block_device_mappings ?? [];
    return {
      name: group.labels["node-pool"],
      instanceTypes: group.instance_types,
      capacityType: group.capacity_type,
      minimumNodes: group.scaling_config.min_size,
      maximumNodes: group.scaling_config.max_size,
      volumeSizeGiB: volumes.reduce((sum, { ebs }) => sum + ebs.volume_size, 0),
      labels: group.labels,
    };
  });
}

/**
 * What a node of a pool offers and costs.
 *
 * @param additionalTypes figures of types that `constructs/pools/instance-types.ts` lacks.
 * @throws ToolError where a type has no price.
 */
export function poolFacts(
  pool: SynthesizedPool,
  table: PriceTable,
  region: string,
  additionalTypes: Readonly<Record<string, InstanceType>> = {},
): NodePoolFacts {
  const { name, capacityType, minimumNodes, maximumNodes, volumeSizeGiB } = pool;
  const known = { ...instanceTypes, ...additionalTypes };
  const types = pool.instanceTypes.flatMap((type) => known[type] ?? []);
  const allocatable = commonAllocatable(types, volumeSizeGiB);
  const prices = pool.instanceTypes.map((type) => instancePrice(table, region, type));
  const [first] = prices;
  const { gp3Volume, cpuCredits } = pricesOf(table, region);
  return {
    name,
    instanceTypes: pool.instanceTypes,
    capacityType,
    minimumNodes,
    maximumNodes,
    vCpus: Math.min(...types.map(({ vCpus }) => vCpus)),
    room: roomForPods({ allocatable, gpu: allocatable.gpus > 0 }),
    onDemandUsdPerHour: first?.onDemand ?? Number.NaN,
    spotUsdPerHour: {
      least: Math.min(...prices.map(({ spot }) => spot.least)),
      most: Math.max(...prices.map(({ spot }) => spot.most)),
    },
    volumeSizeGiB,
    volumeUsdPerHour: (volumeSizeGiB * gp3Volume.usd) / hoursPerMonth,
    ...(first?.baselineVCpus !== undefined && {
      credits: { baselineVCpus: first.baselineVCpus, usdPerVCpuHour: cpuCredits.usd },
    }),
  };
}
