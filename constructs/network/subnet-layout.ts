import { type Problem, show, throwIfAny, within } from "../support/problems.ts";

/** The address blocks of one availability zone. */
export interface ZoneCidrBlocks {
  readonly zone: string;
  /** Nodes and pods: the VPC CNI gives each pod an address of its own. */
  readonly privateCidrBlock: string;
  /** NAT gateways and load balancers. */
  readonly publicCidrBlock: string;
}

/** The VPC is cut into this many blocks: the first six are the private subnets, the last is cut into public ones. */
const blocks = 8;
const maximumZones = 6;

/** Sizes that AWS accepts for a VPC, without those whose public subnets would be smaller than a /28, the least AWS allows. */
const largestPrefix = 16;
const smallestPrefix = 22;

/** Block of a VPC, for error texts. */
export const allowedVpcBlock = `an IPv4 block from /${largestPrefix} to /${smallestPrefix}`;

/**
 * Cuts a VPC's block for its zones. The cut does not depend on the number of zones, so that adding one moves no subnet.
 * Of a /16, each zone gets a private /19 (8,187 addresses) and a public /22; an eighth of the VPC stays free.
 * @throws InvalidConfigurationError that names what {@link cidrProblems} and {@link zoneCountProblems} find.
 */
export function subnetLayout(cidrBlock: string, zones: readonly string[]): ZoneCidrBlocks[] {
  throwIfAny("network", [
    ...within(["cidrBlock"], cidrProblems(cidrBlock)),
    ...within(["availabilityZones"], zoneCountProblems(zones.length)),
  ]);
  const { address, prefix } = parseCidr(cidrBlock) as Cidr;
  const privateSize = 2 ** (32 - prefix) / blocks;
  const publicSize = privateSize / blocks;
  const at = (offset: number, size: number) => `${showAddress(address + offset)}/${32 - Math.log2(size)}`;
  return zones.map((zone, index) => ({
    zone,
    privateCidrBlock: at(index * privateSize, privateSize),
    publicCidrBlock: at((blocks - 1) * privateSize + index * publicSize, publicSize),
  }));
}

/** Addresses that AWS leaves to use in one private subnet: it keeps five of each for itself. */
export function addressesPerPrivateSubnet(cidrBlock: string): number {
  const prefix = parseCidr(cidrBlock)?.prefix ?? 32;
  return Math.max(0, Math.floor(2 ** (32 - prefix) / blocks) - 5);
}

/** What is wrong with the block of a VPC. */
export function cidrProblems(cidrBlock: string): Problem[] {
  const got = show(cidrBlock);
  const network = parseCidr(cidrBlock);
  if (network === undefined) {
    const allowed = "an IPv4 address, a slash, and a prefix length";
    return [{ path: [], what: "is not a CIDR block", got, allowed, fix: 'use for example "10.0.0.0/16"' }];
  }
  if (network.prefix > smallestPrefix || network.prefix < largestPrefix) {
    const what = network.prefix > smallestPrefix ? "is too small for its subnets" : "is larger than AWS allows";
    const allowed = `/${largestPrefix} to /${smallestPrefix}`;
    const fix = `use for example "${showAddress(startOf(network.address, largestPrefix))}/${largestPrefix}"`;
    return [{ path: [], what, got, allowed, fix }];
  }
  const start = startOf(network.address, network.prefix);
  if (start !== network.address) {
    const fix = `use "${showAddress(start)}/${network.prefix}"`;
    return [{ path: [], what: "does not begin at its own start", got, allowed: "the block's first address", fix }];
  }
  return [];
}

export function zoneCountProblems(zones: number): Problem[] {
  if (zones >= 2 && zones <= maximumZones) return [];
  const what = zones < 2 ? "has too few zones" : "has too many zones";
  const fix = zones < 2 ? "name a second zone, EKS's control plane demands it" : `keep ${maximumZones}`;
  return [{ path: [], what, got: String(zones), allowed: `2 to ${maximumZones}`, fix }];
}

/** An IPv4 block as numbers. */
export interface Cidr {
  readonly address: number;
  readonly prefix: number;
}

/** The block that a text writes, or `undefined` where it writes none. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((byte) => byte > 255) || prefix > 32) return undefined;
  return { address: ((a * 256 + b) * 256 + c) * 256 + d, prefix };
}

function startOf(address: number, prefix: number): number {
  const size = 2 ** (32 - prefix);
  return Math.floor(address / size) * size;
}

function showAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
