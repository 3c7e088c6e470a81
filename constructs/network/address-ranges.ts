import { IPv4 } from "ipaddr.js";
import { type Problem, show } from "../support/problems.ts";

/** An IPv4 block as numbers. */
export interface Cidr {
  readonly address: number;
  readonly prefix: number;
}

/** Private addresses, as ipaddr.js calls them (RFC 1918 and RFC 6598). A VPC of others would hide a part of the internet. */
const vpcRanges: readonly string[] = ["private", "carrierGradeNat"];
const allowedVpcRange = "in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10, the private addresses";

interface TakenBlock {
  readonly block: string;
  readonly reason: string;
}

/** Private blocks in which something else of a node or of the cluster has its addresses. */
const takenBlocks: readonly TakenBlock[] = [
  // @see https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html "serviceIpv4Cidr"
  { block: "10.100.0.0/16", reason: "EKS gives it to Kubernetes services" },
  { block: "172.20.0.0/16", reason: "EKS gives it to Kubernetes services" },
  // @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
  { block: "172.17.0.0/16", reason: "Docker and several AWS services use it" },
];

/** Checks the addresses of a VPC's block, which begins with its first address. */
export function vpcRangeProblems(cidrBlock: string): Problem[] {
  const [address, prefix] = IPv4.parseCIDR(cidrBlock);
  const problem = (allowed: string, fix: string): Problem[] => [{ path: [], allowed, got: show(cidrBlock), fix }];
  const range = address.range();
  const example = `use for example "10.0.0.0/${prefix}"`;
  if (!vpcRanges.includes(range)) return problem(allowedVpcRange, `${reasonOf(range)}, so ${example}`);
  const taken = takenBlocks.find(({ block }) => overlap(IPv4.parseCIDR(block), [address, prefix]));
  return taken === undefined ? [] : problem(`apart from ${taken.block}`, `${taken.reason}, so ${example}`);
}

function reasonOf(range: string): string {
  if (range === "unicast") return "these addresses are others' on the internet, which nodes could then not reach";
  const names: Readonly<Record<string, string>> = {
    loopback: "loopback",
    linkLocal: "link-local",
    multicast: "multicast",
    unspecified: "unspecified",
  };
  return `these addresses are ${names[range] ?? "reserved"}`;
}

/** Whether two blocks share an address, which means that the smaller one is in the larger one. */
function overlap([a, aPrefix]: [IPv4, number], [b, bPrefix]: [IPv4, number]): boolean {
  return a.match(b, Math.min(aPrefix, bPrefix));
}

/**
 * Blocks that are on no path from the internet. EKS refuses them in an allow-list ("can't include reserved addresses"). Those of
 * documentation are missing on purpose: the examples have them.
 */
const unroutable = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "224.0.0.0/3",
];

/** The block without a way from the internet that a block overlaps, if there is one. */
export function unroutablePart(cidrBlock: string): string | undefined {
  return unroutable.find((block) => overlap(IPv4.parseCIDR(block), IPv4.parseCIDR(cidrBlock)));
}

/** Number of different addresses in blocks, of which some may contain others. */
export function addressesIn(blocks: readonly Cidr[]): number {
  const size = ({ prefix }: Cidr) => 2 ** (32 - prefix);
  const holds = (outer: Cidr, inner: Cidr) =>
    outer.prefix < inner.prefix && inner.address >= outer.address && inner.address < outer.address + size(outer);
  const isFirst = ({ address, prefix }: Cidr, index: number) =>
    blocks.findIndex((other) => other.address === address && other.prefix === prefix) === index;
  const largest = blocks.filter(
    (block, index) => isFirst(block, index) && !blocks.some((other) => holds(other, block)),
  );
  return largest.reduce((sum, block) => sum + size(block), 0);
}
