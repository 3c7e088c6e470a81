import type { WorkerSettings } from "sweep-worker/contract";
import { coresOf, type InstanceType, instanceTypesWith } from "../../constructs/pools/instance-types.ts";
import type { NodePool } from "../../constructs/pools/node-pool.ts";
import { type NodeTarget, roomForPods } from "../../constructs/pools/node-target.ts";
import { type MachinesRemark, machinesRemark } from "../../constructs/workload/job-machines.ts";
import { workerSettingsOf } from "../../constructs/workload/worker-job.ts";
import { podResources } from "../../constructs/workload/worker-pod.ts";
import type { ResolvedEnvironment, ResolvedJob } from "../../stacks/configuration/resolved-environment.ts";
import { machinePrices } from "./billed-pools.ts";
import { type ExecutorsFacts, executorsFacts } from "./executors.ts";
import type { NodePoolFacts, PodShape, TimelineFacts } from "./machines.ts";
import { instancePrice, type PriceTable, pricesOf, type RegionPrices } from "./price-table.ts";

/** A job of an environment, as the scheduler and its workers see it. */
export interface JobFacts {
  readonly name: string;
  /** The pool of its pods; the first, if several match. */
  readonly pool: string;
  readonly pod: PodShape & { readonly memoryLimitMiB: number };
  /**
   * A node of its pool, or of the first of several pools, with the room that the nodes of each pool have. The numbers of nodes count those
   * of all pools.
   */
  readonly node: NodePoolFacts;
  readonly totalParameters: number;
  readonly workers: number;
  readonly parallelism: number;
  /** On how many machines it runs. */
  readonly machines: MachinesRemark;
  /** The settings of its workers, with defaults. */
  readonly settings: Partial<WorkerSettings>;
}

/** Prices of requests, of results and of traffic. */
export interface StoragePrices {
  /** Also of requests that list. */
  readonly usdPerThousandPuts: number;
  readonly usdPerThousandGets: number;
  readonly usdPerMillionQueueRequests: number;
  readonly usdPerGbMonth: number;
  readonly natUsdPerNodeStart: number;
}

/** The machines, jobs and prices of an environment. */
export interface EnvironmentFacts {
  readonly name: string;
  readonly region: string;
  /** The day of the prices. */
  readonly pricesOf: string;
  readonly timeline: TimelineFacts;
  readonly pools: readonly NodePoolFacts[];
  readonly jobs: readonly JobFacts[];
  readonly executors: readonly ExecutorsFacts[];
  readonly storage: StoragePrices;
}

/**
 * The autoscaler decides within 7 s, a node is ready at about 180 s, and a pod computes at 190 s. The autoscaler terminates a node
 * after five idle minutes, for which it looks every 30 s: 325 s after the last pod on average, 345 s at most
 * (test/tools/cost-sweeps.test.ts compares it with the release). EC2 bills by the second, and a minute at least.
 * @see https://aws.amazon.com/ec2/pricing/on-demand/
 */
export const platformTimeline: TimelineFacts = { decision: 7, start: 190, idle: 325, minimumBilled: 60 };

/** @throws ToolError if a price is missing. */
export function environmentFacts(environment: ResolvedEnvironment, table: PriceTable): EnvironmentFacts {
  const { name, region, instanceTypes: additionalTypes, workload } = environment;
  const prices = pricesOf(table, region);
  const pools = Object.values(environment.nodePools);
  const facts = (pool: NodePool) => poolFacts(pool, table, region, additionalTypes);
  return {
    name,
    region,
    pricesOf: table.date,
    timeline: platformTimeline,
    pools: pools.map(facts),
    jobs: workload.jobs.map((job) => jobFacts(job, pools, facts)),
    executors: workload.executors.map((one) => executorsFacts(one, (target) => nodeOf(target, pools, facts).node)),
    storage: storagePrices(prices, table),
  };
}

export function storagePrices(prices: RegionPrices, { assumptions }: PriceTable): StoragePrices {
  return {
    usdPerThousandPuts: prices.s3Put.usd,
    usdPerThousandGets: prices.s3Get.usd,
    usdPerMillionQueueRequests: prices.sqsRequest.usd,
    usdPerGbMonth: prices.s3Storage.usd,
    natUsdPerNodeStart: assumptions.natGbPerNodeStart.value * prices.natGatewayData.usd,
  };
}

function jobFacts(
  { settings: job, target }: ResolvedJob,
  pools: readonly NodePool[],
  facts: (pool: NodePool) => NodePoolFacts,
): JobFacts {
  const { name, totalParameters, workers, parallelism = workers } = job;
  const { pool, node } = nodeOf(target, pools, facts);
  const settings = workerSettingsOf(job, "");
  const machines = machinesRemark(job, target);
  const pod = podResources(job, target);
  return { name, pool: pool.name, node, pod, totalParameters, workers, parallelism, machines, settings };
}

/** The first pool of a target, with the room that the nodes of each pool have and the numbers of nodes of all pools. */
function nodeOf(target: NodeTarget, pools: readonly NodePool[], facts: (pool: NodePool) => NodePoolFacts) {
  const selected = Object.entries(target.nodeSelector);
  const matching = pools.filter(({ labels }) => selected.every(([label, value]) => labels[label] === value));
  const [pool] = matching;
  if (pool === undefined) throw new Error(`${target.name} is no pool`);
  const node: NodePoolFacts = {
    ...facts(pool),
    name: target.name,
    room: roomForPods(target),
    minimumNodes: matching.reduce((sum, { capacity }) => sum + capacity.min, 0),
    maximumNodes: target.capacity.max,
  };
  return { pool, node };
}

/**
 * The room and the prices of a pool's nodes.
 *
 * @param additionalTypes figures of types that `constructs/pools/instance-types.ts` lacks.
 * @throws ToolError if a type has no price.
 */
export function poolFacts(
  pool: NodePool,
  table: PriceTable,
  region: string,
  additionalTypes: Readonly<Record<string, InstanceType>> = {},
): NodePoolFacts {
  const { name, capacity, capacityType, volumeSizeGiB } = pool;
  const known = instanceTypesWith(additionalTypes);
  const types = pool.instanceTypes.flatMap((type) => (known[type] ? [[type, known[type]] as const] : []));
  for (const type of pool.instanceTypes) instancePrice(table, region, type);
  return {
    name,
    instanceTypes: pool.instanceTypes,
    capacityType,
    minimumNodes: capacity.min,
    maximumNodes: capacity.max,
    vCpus: Math.min(...types.map(([, { vCpus }]) => vCpus)),
    cores: Math.min(...types.map(([type, figures]) => coresOf(type, figures))),
    room: roomForPods(pool),
    volumeSizeGiB,
    ...machinePrices(pool, pricesOf(table, region), table),
  };
}
