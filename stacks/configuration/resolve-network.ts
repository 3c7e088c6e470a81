import type { ExistingNetworkAttributes, NetworkOptions } from "../../constructs/network/network.ts";
import { addressesPerPrivateSubnet, cidrProblems, zoneCountProblems } from "../../constructs/network/subnet-layout.ts";
import { instanceTypesWith } from "../../constructs/pools/instance-types.ts";
import type { NodePoolOptions } from "../../constructs/pools/node-pool-options.ts";
import { regionProblems, zoneProblems } from "../../constructs/support/aws-regions.ts";
import { retentionProblems } from "../../constructs/support/log-retention.ts";
import { type Problem, show, within } from "../../constructs/support/problems.ts";
import { duplicateProblems } from "./duplicates.ts";
import type { Malformed } from "./malformed.ts";
import { at, checked, type Resolution, refused } from "./resolution.ts";
import type { ResolvedNetwork } from "./resolved-environment.ts";
import type { Environment } from "./schema.ts";

export function resolveRegion(region: string): Resolution<string> {
  return at(["region"], checked(region, regionProblems(region)));
}

export function resolveZones(
  { region, availabilityZones: zones }: Environment,
  malformed: Malformed,
): Resolution<readonly string[]> {
  const problems = malformed.in("availabilityZones").whole ? [] : zoneCountProblems(zones.length);
  problems.push(...duplicateProblems(zones, "different from the zones before it", "remove one of the two"));
  if (regionProblems(region).length === 0) {
    problems.push(...zones.flatMap((zone, index) => within([index], zoneProblems(zone, region))));
  }
  return at(["availabilityZones"], checked(zones, problems));
}

/** A network that can be built or used, in which all nodes can start. */
export function resolveNetwork(environment: Environment, malformed: Malformed): Resolution<ResolvedNetwork> {
  const { network, existingNetwork } = environment;
  const own = network && at(["network"], resolveNewNetwork(network, environment, malformed));
  const existing =
    existingNetwork && at(["existingNetwork"], resolveExistingNetwork(existingNetwork, environment, malformed));
  const problems = [own, existing].flatMap((one) => (one === undefined || one.ok ? [] : one.problems));
  if (own !== undefined && existing !== undefined) {
    const allowed = "left out when there is an existingNetwork";
    const fix = "remove the one that you do not mean";
    return refused([{ path: ["network"], allowed, got: "both", fix }, ...problems]);
  }
  const one = own ?? existing;
  if (one !== undefined) return one;
  if (malformed.in("network").whole || malformed.in("existingNetwork").whole) return refused([]);
  const allowed = "given when there is no existingNetwork";
  const fix = 'use for example network: { cidrBlock: "10.0.0.0/16" }';
  return refused([{ path: ["network"], allowed, got: "nothing", fix }]);
}

function resolveNewNetwork(
  network: NetworkOptions,
  environment: Environment,
  malformed: Malformed,
): Resolution<ResolvedNetwork> {
  const { cidrBlock, interfaceEndpoints = [], flowLogRetentionInDays } = network;
  const problems = [
    ...within(["cidrBlock"], cidrProblems(cidrBlock)),
    ...within(["flowLogRetentionInDays"], retentionProblems(flowLogRetentionInDays)),
    ...within(
      ["interfaceEndpoints"],
      duplicateProblems(interfaceEndpoints, "different from the services before it", "remove one of the two"),
    ),
  ];
  if (cidrProblems(cidrBlock).length === 0) problems.push(...roomProblems(cidrBlock, environment, malformed));
  return checked({ kind: "new", ...network }, problems);
}

/**
 * Whether all nodes at once find addresses. Beside the interface that a node is reached by, the VPC CNI keeps a second one in
 * reserve, both full of addresses for pods (WARM_ENI_TARGET=1).
 * @see https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/eni-and-ip-target.md
 */
function roomProblems(cidrBlock: string, environment: Environment, malformed: Malformed): Problem[] {
  if (malformed.in("availabilityZones").whole || malformed.in("cluster").in("availabilityZones").any) return [];
  const known = instanceTypesWith(environment.instanceTypes);
  const pools = Object.entries(environment.nodePools).flatMap(([name, pool]) =>
    malformed.in("nodePools", name).any || pool.availabilityZones?.length === 0 ? [] : [pool],
  );
  const zonesOf = (pool: NodePoolOptions) => pool.availabilityZones ?? environment.cluster.availabilityZones;
  // Pools that share no zone do not share its addresses: all zones together can have enough, and those of a pool too few.
  for (const zones of [pools.flatMap(zonesOf), ...pools.map(zonesOf)].map((names) => new Set(names))) {
    const inside = pools.filter((pool) => zonesOf(pool).every((zone) => zones.has(zone)));
    const nodes = inside.reduce((sum, pool) => sum + pool.capacity.max, 0);
    const needed = inside.reduce((sum, { instanceTypes: names, capacity }) => {
      const perNode = Math.max(0, ...names.map((name) => 2 * (known[name]?.addressesPerInterface ?? 0)));
      return sum + capacity.max * perNode;
    }, 0);
    const available = zones.size * addressesPerPrivateSubnet(cidrBlock);
    if (needed <= available) continue;
    const allowed = `a block with ${needed} addresses or more, for ${nodes} nodes when every pool is at its maximum`;
    const subnets = zones.size === 1 ? "the private subnet" : `the ${zones.size} private subnets`;
    const got = `${show(cidrBlock)} with ${available} addresses in ${subnets} of ${[...zones].join(", ")}`;
    return [{ path: ["cidrBlock"], allowed, got, fix: "use a larger block, at most /16, or lower the maxima" }];
  }
  return [];
}

function resolveExistingNetwork(
  existing: ExistingNetworkAttributes,
  { availabilityZones }: Environment,
  malformed: Malformed,
): Resolution<ResolvedNetwork> {
  const { vpcId, privateSubnetIds, publicSubnetIds } = existing;
  const problems: Problem[] = [];
  if (!/^vpc-([0-9a-f]{8}|[0-9a-f]{17})$/.test(vpcId)) {
    const fix = "copy it from aws ec2 describe-vpcs";
    problems.push({ path: ["vpcId"], allowed: "the id of a VPC, vpc-<hexadecimal>", got: show(vpcId), fix });
  }
  problems.push(...within(["privateSubnetIds"], subnetProblems(privateSubnetIds)));
  const zones = Object.keys(privateSubnetIds);
  const incomplete = malformed.in("availabilityZones").any || malformed.in("existingNetwork", "privateSubnetIds").whole;
  if (!incomplete && show([...zones].sort()) !== show([...availabilityZones].sort())) {
    const allowed = `one subnet in each of ${availabilityZones.join(", ")}`;
    const fix = "add, remove or rename zones here or in availabilityZones";
    problems.push({ path: ["privateSubnetIds"], allowed, got: `subnets in ${zones.join(", ") || "no zone"}`, fix });
  }
  if (publicSubnetIds !== undefined) {
    problems.push(...within(["publicSubnetIds"], publicSubnetProblems(publicSubnetIds, existing)));
  }
  return checked({ kind: "existing", ...existing }, problems);
}

function subnetProblems(subnetIds: Readonly<Record<string, string>>): Problem[] {
  const problems = Object.entries(subnetIds).flatMap(([zone, id]): Problem[] => {
    if (/^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) return [];
    const allowed = "the id of a subnet, subnet-<hexadecimal>";
    return [{ path: [zone], allowed, got: show(id), fix: "copy it from aws ec2 describe-subnets" }];
  });
  return [...problems, ...sharedSubnetProblems(subnetIds)];
}

function publicSubnetProblems(
  subnetIds: Readonly<Record<string, string>>,
  { privateSubnetIds }: ExistingNetworkAttributes,
): Problem[] {
  const known = Object.keys(privateSubnetIds);
  const zones = Object.keys(subnetIds);
  const unknown = zones.filter((zone) => !known.includes(zone));
  const problems = subnetProblems(subnetIds);
  if (zones.length < 2 || unknown.length > 0) {
    const allowed = `subnets in two or more of ${known.join(", ")}`;
    const fix = "a load balancer needs two zones, and reaches pods in those of the private subnets; correct the zones";
    problems.push({ path: [], allowed, got: `subnets in ${zones.join(", ") || "no zone"}`, fix });
  }
  const shared = Object.entries(subnetIds).filter(([, id]) => Object.values(privateSubnetIds).includes(id));
  for (const [zone, id] of shared) {
    const allowed = "different from the private subnets, which have no way in from the internet";
    problems.push({ path: [zone], allowed, got: show(id), fix: "copy that of a public subnet" });
  }
  return problems;
}

/** A subnet is in one zone. */
function sharedSubnetProblems(subnetIds: Readonly<Record<string, string>>): Problem[] {
  const zones = Object.keys(subnetIds);
  const allowed = "different from the subnets of the zones before it, because a subnet is in one zone";
  const fix = "copy the zone's own from aws ec2 describe-subnets";
  return duplicateProblems(Object.values(subnetIds), allowed, fix).map(({ path: [index], ...problem }) => ({
    path: [zones[Number(index)] ?? ""],
    ...problem,
  }));
}
