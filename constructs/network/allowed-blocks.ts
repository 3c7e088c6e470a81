import { Token } from "cdktf";
import { formatCount } from "sweep-worker/contract";
import { type Problem, show, within } from "../support/problems.ts";
import { addressesIn, unroutablePart } from "./address-ranges.ts";
import { parseCidr, showAddress, startOf } from "./subnet-layout.ts";

/** The largest block, and the most public addresses of all blocks together: otherwise many blocks would add up to the internet. */
const largestPrefix = 8;

/** A block that may reach something from the internet, for error texts. */
export const allowedPublicBlock = `an IPv4 block of /${largestPrefix} or smaller`;

/** The thing that an allow-list opens, for its limits and for error texts. */
export interface Opened {
  /** For example `the Kubernetes API`. */
  readonly name: string;
  /** Most blocks, and whose limit it is, for example `40` of `EKS`. */
  readonly most: number;
  readonly limitOf: string;
  /** The cure for an empty list. */
  readonly ifEmpty: string;
  /** The alternative to a block that is too large, for example `remove the property`. */
  readonly otherwise: string;
  /** Whether the blocks are on the internet, and not those of the VPC or of an office behind a VPN. */
  readonly isPublic: boolean;
}

/** Checks the blocks that may reach something; `path` starts with the index. Values known only after apply are left to AWS. */
export function allowedBlockProblems(cidrs: readonly string[], opened: Opened): Problem[] {
  if (Token.isUnresolved(cidrs)) return [];
  if (cidrs.length === 0) {
    return [{ path: [], allowed: "a list of at least one block", got: "[]", fix: opened.ifEmpty }];
  }
  if (cidrs.length > opened.most) {
    const allowed = `at most ${opened.most} blocks, the limit of ${opened.limitOf}`;
    return [{ path: [], allowed, got: `${cidrs.length} blocks`, fix: "keep your office's or VPN's blocks only" }];
  }
  const problems = cidrs.flatMap((cidr, index) =>
    within([index], blockProblems(cidr, cidrs.indexOf(cidr) < index, opened)),
  );
  return problems.length > 0 ? problems : togetherProblems(cidrs, opened);
}

function togetherProblems(cidrs: readonly string[], { name }: Opened): Problem[] {
  // Private blocks, which are allowed inside a VPC, open nothing to the internet: all of them are more than a /8.
  const routable = cidrs.filter((cidr) => parseCidr(cidr) !== undefined && unroutablePart(cidr) === undefined);
  const addresses = addressesIn(routable.flatMap((cidr) => parseCidr(cidr) ?? []));
  if (addresses <= 2 ** (32 - largestPrefix)) return [];
  const allowed = `public blocks that together are no larger than a /${largestPrefix}`;
  const got = `${routable.length} public blocks with ${formatCount(addresses)} addresses`;
  const fix = `more would open ${name} to the internet piece by piece, so keep your office's or VPN's blocks only`;
  return [{ path: [], allowed, got, fix }];
}

function blockProblems(cidr: string, isRepeated: boolean, { name, otherwise, isPublic }: Opened): Problem[] {
  if (Token.isUnresolved(cidr)) return [];
  const problem = (fix: string, allowed = allowedPublicBlock) => [{ path: [], allowed, got: show(cidr), fix }];
  const network = parseCidr(cidr);
  if (network === undefined) return problem('use for example "203.0.113.7/32"');
  const { address, prefix } = network;
  if (prefix < largestPrefix) {
    return problem(
      `a larger block opens ${name} to the internet, so use your office's or VPN's block, or ${otherwise}`,
    );
  }
  const start = startOf(address, prefix);
  if (start !== address) {
    return problem(`use "${showAddress(start)}/${prefix}"`, `written with the first address of its /${prefix} block`);
  }
  const part = isPublic ? unroutablePart(cidr) : undefined;
  if (part !== undefined) {
    const fix = `nothing comes from ${part} on the internet, so use the public block of your office or VPN`;
    return problem(fix, "a block of public addresses");
  }
  return isRepeated ? problem("remove one of the two", "different from the blocks before it") : [];
}
