import { Token } from "cdktf";
import { z } from "zod";
import { parseCidr } from "../network/subnet-layout.ts";
import { list, type ShapeOf, text } from "../support/fields.ts";
import { type Problem, show, within } from "../support/problems.ts";

/** `arn:aws:iam::111122223333:role/path/name`, in any partition. */
const principal = /^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/(?:[\w+=,.@-]+\/)*([\w+=,.@-]+)$/;

/**
 * EKS's quota "Public endpoint access CIDR ranges per cluster", which it does not raise. With no block above /8 it keeps a list
 * of many blocks from adding up to the internet.
 * @see https://docs.aws.amazon.com/general/latest/gr/eks.html
 */
const maximumPublicBlocks = 40;

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
  return cidrs.flatMap((cidr, index) => within([index], publicBlockProblems(cidr)));
}

function publicBlockProblems(cidr: string): Problem[] {
  if (Token.isUnresolved(cidr)) return [];
  const network = parseCidr(cidr);
  if (network !== undefined && network.prefix >= 8) return [];
  const fix =
    network === undefined
      ? 'use for example "203.0.113.7/32"'
      : "a larger block opens the Kubernetes API to the internet, so use your office's or VPN's block, or remove the property";
  return [{ path: [], allowed: allowedPublicBlock, got: show(cidr), fix }];
}

/** Checks the ARN of an administrator. Values known only after apply are left to AWS. */
export function principalProblems(arn: string): Problem[] {
  if (Token.isUnresolved(arn) || principal.test(arn)) return [];
  const fix = arn.includes(":assumed-role/")
    ? `this is a session, so use its role, for example ${show(roleOfAssumedRole(arn))}`
    : 'use for example "arn:aws:iam::111122223333:role/platform-administrator"';
  return [{ path: [], allowed: allowedPrincipal, got: show(arn), fix }];
}

/** The last part of a principal's ARN: `platform-administrator`. It is unique in an account, with any path. */
export function principalName(arn: string): string {
  return principal.exec(arn)?.[2] ?? arn;
}

function roleOfAssumedRole(arn: string): string {
  return arn.replace(/:sts::(\d+):assumed-role\/([^/]+).*$/, ":iam::$1:role/$2");
}
