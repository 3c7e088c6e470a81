import { Token } from "cdktf";
import { z } from "zod";
import { allowedBlockProblems, type Opened } from "../network/allowed-blocks.ts";
import { list, type ShapeOf, text } from "../support/fields.ts";
import { partitionOf } from "../support/iam-policy.ts";
import { type Problem, show } from "../support/problems.ts";

/** `arn:aws:iam::111122223333:role/path/name`, in any partition. */
const principal = /^arn:(aws[a-z-]*):iam::(\d{12}):(role|user)\/((?:[\w+=,.@-]+\/)*)([\w+=,.@-]+)$/;
/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html "Role name", "User name" and "Path" */
const longestName = 64;
const longestPath = 512;

const publicEndpoint: Opened = {
  name: "the Kubernetes API",
  // EKS's quota "Public endpoint access CIDR ranges per cluster", which it does not raise.
  // @see https://docs.aws.amazon.com/general/latest/gr/eks.html
  most: 40,
  limitOf: "EKS",
  ifEmpty:
    "AWS takes an empty list for 0.0.0.0/0, so add your office's or VPN's block, or remove the property for no public endpoint",
  otherwise: "remove the property",
  isPublic: true,
};

/** Form of an administrator's ARN, for error texts. */
const allowedPrincipal = "the ARN of an IAM role or user (arn:aws:iam::<account>:role/<name> or user/<name>)";

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
  return cidrs === undefined ? [] : allowedBlockProblems(cidrs, publicEndpoint);
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
