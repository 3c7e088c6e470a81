import { Token } from "cdktf";
import { formatCount } from "sweep-worker/contract";
import { z } from "zod";
import { addressesIn, unroutablePart } from "../network/address-ranges.ts";
import { parseCidr, showAddress, startOf } from "../network/subnet-layout.ts";
import { list, type ShapeOf, text } from "../support/fields.ts";
import { partitionOf } from "../support/iam-policy.ts";
import { type Problem, show, within } from "../support/problems.ts";

/** `arn:aws:iam::111122223333:role/path/name`, in any partition. */
const principal = /^arn:(aws[a-z-]*):iam::(\d{12}):(role|user)\/((?:[\w+=,.@-]+\/)*)([\w+=,.@-]+)$/;
/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html "Role name", "User name" and "Path" */
const longestName = 64;
const longestPath = 512;

/**
 * EKS's quota "Public endpoint access CIDR ranges per cluster", which it does not raise.
 * @see https://docs.aws.amazon.com/general/latest/gr/eks.html
 */
const maximumPublicBlocks = 40;

/** The largest block, and the most addresses of all blocks together: otherwise many blocks would add up to the internet. */
const largestPublicPrefix = 8;

/** Form of an administrator's ARN, for error texts. */
const allowedPrincipal = "the ARN of an IAM role or user (arn:aws:iam::<account>:role/<name> or user/<name>)";
/** A block that may reach the public endpoint, for error texts. */
export const allowedPublicBlock = "an IPv4 block of /8 or smaller";

/** Access to a cluster. An environment sets it in `cluster`. */
export interface ClusterAccessOptions {
  /**
   * ARNs of the IAM roles or users who administer the cluster, at least one, for example
   * `["arn:aws:iam::111122223333:role/platform-administrator"]`. Only these principals can access the cluster; the identity
   * that creates it gets no implicit access.
   */
  readonly administrators: readonly string[];
}

/** Schema of the {@link ClusterAccessOptions}. */
export const clusterAccessOptionsSchema = z.strictObject({
  administrators: list(
    text({ allowed: allowedPrincipal, example: "arn:aws:iam::111122223333:role/platform-administrator" }),
    { allowed: "a list of ARNs", example: ["arn:aws:iam::111122223333:role/platform-administrator"] },
  ),
} satisfies ShapeOf<ClusterAccessOptions>);

/** Checks the blocks that may reach the public endpoint. Values known only after apply are left to AWS. */
export function publicAccessProblems(cidrs: readonly string[] | undefined): Problem[] {
  if (cidrs === undefined || Token.isUnresolved(cidrs)) return [];
  if (cidrs.length === 0) {
    const fix =
      "AWS takes an empty list for 0.0.0.0/0, so add your office's or VPN's block, or remove the property for no public endpoint";
    return [{ path: [], allowed: "a list of at least one block", got: "[]", fix }];
  }
  if (cidrs.length > maximumPublicBlocks) {
    const allowed = `at most ${maximumPublicBlocks} blocks, the limit of EKS`;
    return [{ path: [], allowed, got: `${cidrs.length} blocks`, fix: "keep your office's or VPN's blocks only" }];
  }
  const problems = cidrs.flatMap((cidr, index) =>
    within([index], publicBlockProblems(cidr, cidrs.indexOf(cidr) < index)),
  );
  return problems.length > 0 ? problems : togetherProblems(cidrs);
}

function togetherProblems(cidrs: readonly string[]): Problem[] {
  const addresses = addressesIn(cidrs.flatMap((cidr) => parseCidr(cidr) ?? []));
  if (addresses <= 2 ** (32 - largestPublicPrefix)) return [];
  const allowed = `blocks that together are no larger than a /${largestPublicPrefix}`;
  const got = `${cidrs.length} blocks with ${formatCount(addresses)} addresses`;
  const fix =
    "more would open the Kubernetes API to the internet piece by piece, so keep your office's or VPN's blocks only";
  return [{ path: [], allowed, got, fix }];
}

function publicBlockProblems(cidr: string, isRepeated: boolean): Problem[] {
  if (Token.isUnresolved(cidr)) return [];
  const problem = (fix: string, allowed = allowedPublicBlock) => [{ path: [], allowed, got: show(cidr), fix }];
  const network = parseCidr(cidr);
  if (network === undefined) return problem('use for example "203.0.113.7/32"');
  const { address, prefix } = network;
  if (prefix < largestPublicPrefix) {
    return problem(
      "a larger block opens the Kubernetes API to the internet, so use your office's or VPN's block, or remove the property",
    );
  }
  const start = startOf(address, prefix);
  if (start !== address) {
    return problem(`use "${showAddress(start)}/${prefix}"`, `written with the first address of its /${prefix} block`);
  }
  const part = unroutablePart(cidr);
  if (part !== undefined) {
    const fix = `nothing comes from ${part} on the internet, so use the public block of your office or VPN`;
    return problem(fix, "a block of public addresses");
  }
  return isRepeated ? problem("remove one of the two", "different from the blocks before it") : [];
}

/** Checks the ARN of an administrator. Values known only after apply are left to AWS. */
export function principalProblems(arn: string): Problem[] {
  if (Token.isUnresolved(arn)) return [];
  const problem = (fix: string, allowed = allowedPrincipal) => [{ path: [], allowed, got: show(arn), fix }];
  const match = principal.exec(arn);
  if (match === null) {
    return problem(
      arn.includes(":assumed-role/")
        ? `this is a session, so use its role, for example ${show(roleOfAssumedRole(arn))}`
        : 'use for example "arn:aws:iam::111122223333:role/platform-administrator"',
    );
  }
  const [, , , , path = "", name = ""] = match;
  if (name.length > longestName || path.length >= longestPath) {
    const allowed = `the ARN of a role or user with a name of at most ${longestName} characters and a path of at most ${longestPath}`;
    return problem("IAM has no longer ones, so copy the ARN again", allowed);
  }
  return path.startsWith("aws-service-role/")
    ? problem(
        "only its AWS service can use this role, so use one of your own",
        "a role that people or programs can assume",
      )
    : [];
}

/**
 * Checks the partition and the account of administrators whose ARNs have no problem; `path` starts with the index. EKS admits those
 * of other accounts. But Terraform runs in the cluster's account, and needs an entry of its own for the addons and the Jobs.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
 */
export function principalPlaceProblems(arns: readonly string[], region: string, accountId: string): Problem[] {
  const partition = partitionOf(region);
  const placed = arns.map((arn) => principal.exec(arn));
  const isForeign = placed.every((match) => match === null || match[2] !== accountId);
  return arns.flatMap((arn, index): Problem[] => {
    const match = placed[index];
    if (!match) return [];
    if (match[1] !== partition) {
      const fix = `${region} has no other, so use "arn:${partition}:iam::${accountId}:${match[3]}/${match[4]}${match[5]}"`;
      return [{ path: [index], allowed: `an ARN of the partition ${partition}`, got: show(arn), fix }];
    }
    if (!isForeign) return [];
    const allowed = `a role or user of the account ${accountId}, at least one of them`;
    const fix = "Terraform itself needs access with an identity of that account, so add its role, or correct accountId";
    return [{ path: [index], allowed, got: show(arn), fix }];
  });
}

/** The last part of a principal's ARN: `platform-administrator`. It is unique in an account, with any path. */
export function principalName(arn: string): string {
  return principal.exec(arn)?.[5] ?? arn;
}

function roleOfAssumedRole(arn: string): string {
  return arn.replace(/:sts::(\d+):assumed-role\/([^/]+).*$/, ":iam::$1:role/$2");
}
