import { Token } from "cdktf";
import { parseCidr } from "../network/subnet-layout.ts";
import { type Problem, show, within } from "../support/problems.ts";

/** `arn:aws:iam::111122223333:role/path/name`, in any partition. */
const principal = /^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/(?:[\w+=,.@-]+\/)*([\w+=,.@-]+)$/;

/**
 * EKS's quota "Public endpoint access CIDR ranges per cluster", which it does not raise. With no block above /8 it keeps a list
 * of many blocks from adding up to the internet.
 * @see https://docs.aws.amazon.com/general/latest/gr/eks.html
 */
const maximumPublicBlocks = 40;

/** What is wrong with the blocks that may reach the public endpoint; tokens are left to AWS. */
export function publicAccessProblems(cidrs: readonly string[] | undefined): Problem[] {
  if (cidrs === undefined || Token.isUnresolved(cidrs)) return [];
  if (cidrs.length === 0) {
    const allowed = "at least one block, or the property left out for no public endpoint";
    const what = "is an empty allow-list, which AWS takes for 0.0.0.0/0";
    return [{ path: [], what, got: "[]", allowed, fix: "name your office's or VPN's block, or remove the property" }];
  }
  if (cidrs.length > maximumPublicBlocks) {
    const allowed = `at most ${maximumPublicBlocks} blocks, the limit of EKS`;
    return [{ path: [], got: `${cidrs.length} blocks`, allowed, fix: "name your office's or VPN's blocks only" }];
  }
  return cidrs.flatMap((cidr, index) => within([index], publicBlockProblems(cidr)));
}

function publicBlockProblems(cidr: string): Problem[] {
  if (Token.isUnresolved(cidr)) return [];
  const got = show(cidr);
  const network = parseCidr(cidr);
  if (network === undefined) {
    const allowed = "an IPv4 address, a slash, and a prefix length";
    return [{ path: [], what: "is not a CIDR block", got, allowed, fix: 'use for example "203.0.113.7/32"' }];
  }
  if (network.prefix < 8) {
    const what = "opens the Kubernetes API to the internet";
    const fix = "name your office's or VPN's block, or remove the property and connect from the VPC";
    return [{ path: [], what, got, allowed: "blocks of /8 or smaller", fix }];
  }
  return [];
}

/** What is wrong with the ARN of an administrator; tokens are left to AWS. */
export function principalProblems(arn: string): Problem[] {
  if (Token.isUnresolved(arn) || principal.test(arn)) return [];
  const assumed = arn.includes(":assumed-role/");
  const fix = assumed
    ? `use the role itself, for example ${show(roleOfAssumedRole(arn))}`
    : 'use for example "arn:aws:iam::111122223333:role/platform-administrator"';
  const what = assumed ? "is a session, not a principal" : "is not the ARN of an IAM role or user";
  return [{ path: [], what, got: show(arn), allowed: "arn:aws:iam::<account>:role/<name> or user/<name>", fix }];
}

/** The last part of a principal's ARN: `platform-administrator`. Unique in an account whatever the path is. */
export function principalName(arn: string): string {
  return principal.exec(arn)?.[2] ?? arn;
}

function roleOfAssumedRole(arn: string): string {
  return arn.replace(/:sts::(\d+):assumed-role\/([^/]+).*$/, ":iam::$1:role/$2");
}
