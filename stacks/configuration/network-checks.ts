import { addressesPerPrivateSubnet, cidrProblems, zoneCountProblems } from "../../constructs/network/subnet-layout.ts";
import { endpointsNodesNeed } from "../../constructs/network/vpc-endpoints.ts";
import { instanceTypes } from "../../constructs/pools/instance-types.ts";
import { retentionProblems } from "../../constructs/support/log-retention.ts";
import { duplicatesIn, type Problem, show, within } from "../../constructs/support/problems.ts";
import type { WellFormed } from "./checks.ts";
import type { Environment } from "./schema.ts";

/** Zones that are not in the region, repeat, or are too few or too many. */
export function zoneProblems({ region, availabilityZones: zones }: WellFormed): Problem[] {
  const problems: Problem[] = [];
  const isRegion = region !== undefined && /^(af|ap|ca|eu|il|me|mx|sa|us|us-gov)-[a-z]+-\d$/.test(region);
  if (region !== undefined && !isRegion) {
    const allowed = "a region of AWS or AWS GovCloud";
    const fix = 'use for example "us-west-2"';
    problems.push({ path: ["region"], what: "is not a region", got: show(region), allowed, fix });
  }
  if (zones === undefined) return problems;
  problems.push(...within(["availabilityZones"], zoneCountProblems(zones.length)));
  for (const zone of duplicatesIn(zones)) {
    const path = ["availabilityZones"];
    problems.push({ path, what: "repeats a zone", got: show(zone), allowed: "each zone once", fix: "remove one" });
  }
  zones.forEach((zone, index) => {
    if (!isRegion || (zone.startsWith(region) && /^[a-z]$/.test(zone.slice(region.length)))) return;
    const path = ["availabilityZones", index];
    const allowed = `zones of ${region}`;
    problems.push({
      path,
      what: "is not a zone of the region",
      got: show(zone),
      allowed,
      fix: `use for example "${region}a"`,
    });
  });
  return problems;
}

/** Networks that could not be built, or in which nodes could not start. */
export function networkProblems(
  fields: WellFormed,
  pools: Environment["nodePools"],
  malformed: ReadonlySet<PropertyKey | undefined>,
): Problem[] {
  const { network, existingNetwork } = fields;
  const problems: Problem[] = [];
  const given = [network, existingNetwork].filter((one) => one !== undefined).length;
  if (given !== 1 && !malformed.has("network") && !malformed.has("existingNetwork")) {
    problems.push({
      path: ["network"],
      what: given === 0 ? "is missing" : "stands beside existingNetwork",
      got: given === 0 ? "neither network nor existingNetwork" : "both network and existingNetwork",
      allowed: "exactly one of the two",
      fix: given === 0 ? 'write for example network: { cidrBlock: "10.0.0.0/16" }' : "remove the one you do not mean",
    });
  }
  if (network !== undefined) problems.push(...within(["network"], ownNetworkProblems(network, fields, pools)));
  if (existingNetwork !== undefined) {
    problems.push(...within(["existingNetwork"], existingNetworkProblems(existingNetwork, fields)));
  }
  return problems;
}

function ownNetworkProblems(
  network: NonNullable<Environment["network"]>,
  fields: WellFormed,
  pools: Environment["nodePools"],
): Problem[] {
  const problems = [
    ...within(["cidrBlock"], cidrProblems(network.cidrBlock)),
    ...within(["flowLogRetentionInDays"], retentionProblems(network.flowLogRetentionInDays)),
  ];
  if (problems.length === 0) problems.push(...roomProblems(network.cidrBlock, fields, pools));
  const missing = endpointsNodesNeed.filter((service) => !network.interfaceEndpoints?.includes(service));
  if (network.natGateways === "none" && missing.length > 0) {
    problems.push({
      path: ["interfaceEndpoints"],
      what: "leaves nodes no way to AWS, since there is no NAT gateway",
      got: show(network.interfaceEndpoints),
      allowed: `at least ${endpointsNodesNeed.join(", ")}`,
      fix: `add ${missing.join(", ")}, or use natGateways: "single"`,
    });
  }
  for (const service of duplicatesIn(network.interfaceEndpoints ?? [])) {
    const path = ["interfaceEndpoints"];
    problems.push({ path, what: "repeats a service", got: show(service), allowed: "each once", fix: "remove one" });
  }
  return problems;
}

/**
 * Whether all nodes at once find addresses. Beside the interface a node is reached by, the VPC CNI keeps a second one in
 * reserve, both full of addresses for pods (WARM_ENI_TARGET=1).
 * @see https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/eni-and-ip-target.md
 */
function roomProblems(cidrBlock: string, fields: WellFormed, pools: Environment["nodePools"]): Problem[] {
  const zones = fields.availabilityZones?.length;
  if (zones === undefined) return [];
  const known = { ...instanceTypes, ...fields.instanceTypes };
  const nodes = Object.values(pools).reduce((sum, pool) => sum + pool.capacity.max, 0);
  const needed = Object.values(pools).reduce((sum, { instanceTypes: names, capacity }) => {
    const perNode = Math.max(0, ...names.map((name) => 2 * (known[name]?.addressesPerInterface ?? 0)));
    return sum + capacity.max * perNode;
  }, 0);
  const available = zones * addressesPerPrivateSubnet(cidrBlock);
  if (needed <= available) return [];
  const allowed = `${needed} addresses or more, for ${nodes} nodes when every pool is at its maximum`;
  const fix = "use a larger block, at most /16, or lower the maxima";
  const got = `${show(cidrBlock)} with ${available} addresses in ${zones} private subnets`;
  return [{ path: ["cidrBlock"], what: "is too small for the pools", got, allowed, fix }];
}

function existingNetworkProblems(
  { vpcId, privateSubnetIds }: NonNullable<Environment["existingNetwork"]>,
  { availabilityZones }: WellFormed,
): Problem[] {
  const problems: Problem[] = [];
  if (!/^vpc-[0-9a-f]{8,17}$/.test(vpcId)) {
    const fix = "aws ec2 describe-vpcs lists yours";
    problems.push({ path: ["vpcId"], what: "is not a VPC's id", got: show(vpcId), allowed: "vpc-<hexadecimal>", fix });
  }
  for (const [zone, id] of Object.entries(privateSubnetIds)) {
    if (/^subnet-[0-9a-f]{8,17}$/.test(id)) continue;
    const fix = "aws ec2 describe-subnets lists yours";
    const path = ["privateSubnetIds", zone];
    problems.push({ path, what: "is not a subnet's id", got: show(id), allowed: "subnet-<hexadecimal>", fix });
  }
  const zones = Object.keys(privateSubnetIds);
  if (availabilityZones !== undefined && show([...zones].sort()) !== show([...availabilityZones].sort())) {
    const allowed = `exactly the environment's zones ${availabilityZones.join(", ")}`;
    const fix = "give each zone one subnet";
    problems.push({ path: ["privateSubnetIds"], what: "is for other zones", got: show(zones), allowed, fix });
  }
  return problems;
}
