import { type Problem, show } from "../support/problems.ts";
import { type Cidr, vpcRangeProblems } from "./address-ranges.ts";

/** The address blocks of one availability zone. */
export interface ZoneCidrBlocks {
  /** The availability zone, for example `us-west-2a`. */
  readonly zone: string;
  /** For nodes and pods: the VPC CNI gives each pod an address of its own. */
  readonly privateCidrBlock: string;
  /** For NAT gateways and load balancers. */
  readonly publicCidrBlock: string;
}

/** The VPC is divided into eight blocks: six private subnets, a spare block, and a block for all public subnets. */
const blocks = 8;
/** Last letters of the zones of a region, of which no region has more. Each has a place of its own. */
const zoneLetters = [..."abcdef"];
const maximumZones = zoneLetters.length;

/** Sizes that AWS accepts for a VPC, without those whose public subnets would be smaller than a /28, the least AWS allows. */
const largestPrefix = 16;
const smallestPrefix = 22;

/** Block of a VPC, for error texts. */
export const allowedVpcBlock = `an IPv4 block from /${largestPrefix} to /${smallestPrefix}`;

/**
 * Divides a VPC's block among its zones. A zone's place depends on its letter alone, so that no subnet moves when a zone is added or
 * taken away. In a /16, each zone gets a private /19 (8,187 addresses) and a public /22; an eighth of the VPC stays free.
 * @param cidrBlock a block in which {@link cidrProblems} finds no problem.
 * @param zones zones in which {@link zoneProblems} finds no problem.
 */
export function subnetLayout(cidrBlock: string, zones: readonly string[]): ZoneCidrBlocks[] {
  const { address, prefix } = parseCidr(cidrBlock) as Cidr;
  const privateSize = 2 ** (32 - prefix) / blocks;
  const publicSize = privateSize / blocks;
  const at = (offset: number, size: number) => `${showAddress(address + offset)}/${32 - Math.log2(size)}`;
  return zones.map((zone) => {
    const place = zoneLetters.indexOf(zone.slice(-1));
    return {
      zone,
      privateCidrBlock: at(place * privateSize, privateSize),
      publicCidrBlock: at((blocks - 1) * privateSize + place * publicSize, publicSize),
    };
  });
}

/** Usable addresses of one private subnet: AWS keeps five of each subnet for itself. */
export function addressesPerPrivateSubnet(cidrBlock: string): number {
  const prefix = parseCidr(cidrBlock)?.prefix ?? 32;
  return Math.max(0, Math.floor(2 ** (32 - prefix) / blocks) - 5);
}

/** Checks the block of a VPC; `path` is relative to the block. */
export function cidrProblems(cidrBlock: string): Problem[] {
  const got = show(cidrBlock);
  const network = parseCidr(cidrBlock);
  if (network === undefined) return [{ path: [], allowed: allowedVpcBlock, got, fix: 'use for example "10.0.0.0/16"' }];
  const { address, prefix } = network;
  if (prefix > smallestPrefix || prefix < largestPrefix) {
    const reason = prefix > smallestPrefix ? "its subnets would be too small" : "AWS allows no larger block";
    const fix = `${reason}, so use for example "${showAddress(startOf(address, largestPrefix))}/${largestPrefix}"`;
    return [{ path: [], allowed: allowedVpcBlock, got, fix }];
  }
  const start = startOf(address, prefix);
  if (start === address) return vpcRangeProblems(cidrBlock);
  const allowed = `written with the first address of its /${prefix} block`;
  return [{ path: [], allowed, got, fix: `use "${showAddress(start)}/${prefix}"` }];
}

/** Checks the number of zones; `path` is relative to the list of zones. */
export function zoneCountProblems(zones: number): Problem[] {
  if (zones >= 2 && zones <= maximumZones) return [];
  const fix =
    zones < 2
      ? "EKS's control plane needs two zones, so add one"
      : `the VPC has room for the subnets of ${maximumZones} zones, so keep ${maximumZones} of them`;
  return [
    { path: [], allowed: `a list of 2 to ${maximumZones} zones`, got: zones === 1 ? "1 zone" : `${zones} zones`, fix },
  ];
}

/** Checks whether each zone has a place in {@link subnetLayout}; `path` is relative to the list of zones. */
export function zoneProblems(zones: readonly string[]): Problem[] {
  const letters = zones.map((zone) => zone.slice(-1));
  const places = letters.flatMap((letter, index): Problem[] => {
    const got = show(zones[index]);
    if (!zoneLetters.includes(letter)) {
      const allowed = `a zone that ends with a letter from ${zoneLetters[0]} to ${zoneLetters.at(-1)}`;
      return [
        { path: [index], allowed, got, fix: "the VPC has room for the subnets of these six, so name one of them" },
      ];
    }
    if (letters.indexOf(letter) === index) return [];
    const fix = "a zone's letter decides where its subnets are, so remove one of the two";
    return [{ path: [index], allowed: "a zone with a letter of its own", got, fix }];
  });
  return [...zoneCountProblems(zones.length), ...places];
}

/** Parses an IPv4 block. The result is `undefined` for any other text, also with leading zeros, which some programs read as octal. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null || /(^|[./])0\d/.test(text)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((byte) => byte > 255) || prefix > 32) return undefined;
  return { address: ((a * 256 + b) * 256 + c) * 256 + d, prefix };
}

/** The first address of the block in which an address is. */
export function startOf(address: number, prefix: number): number {
  const size = 2 ** (32 - prefix);
  return Math.floor(address / size) * size;
}

/** An address as people write it: `10.0.0.0`. */
export function showAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
