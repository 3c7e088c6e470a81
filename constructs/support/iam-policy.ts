/** One statement of an IAM policy. */
export interface PolicyStatement {
  /** Shown by IAM's console and in access-denied messages. */
  readonly sid?: string | undefined;
  readonly effect: "Allow" | "Deny";
  readonly actions: readonly string[];
  /** ARNs, or `*` for actions that know no resource. */
  readonly resources: readonly string[];
  /** Operator, then condition key, then value: `{ StringEquals: { "aws:ResourceTag/a": "b" } }`. */
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>> | undefined;
}

/**
 * A policy as JSON, written here so that a plan shows it in full; the provider's `aws_iam_policy_document` is a data
 * source, whose result is unknown in the plan as soon as one ARN is.
 */
export function policyDocument(statements: readonly PolicyStatement[]): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map(({ sid, effect, actions, resources, conditions }) => ({
      ...(sid !== undefined && { Sid: sid }),
      Effect: effect,
      Action: actions,
      Resource: resources,
      ...(conditions !== undefined && { Condition: conditions }),
    })),
  });
}

/** A trust policy for one AWS service, for example `ec2.amazonaws.com`. */
export function trustService(
  service: string,
  actions: readonly string[] = ["sts:AssumeRole"],
  conditions?: PolicyStatement["conditions"],
): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: service },
        Action: actions,
        ...(conditions !== undefined && { Condition: conditions }),
      },
    ],
  });
}

/** The first part of every ARN of a region: `aws`, or `aws-us-gov` for GovCloud. */
export function partitionOf(region: string): string {
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** ARN of a policy that AWS maintains, for example `AmazonEKSWorkerNodePolicy` or `service-role/AmazonEBSCSIDriverPolicy`. */
export function managedPolicyArn(region: string, name: string): string {
  return `arn:${partitionOf(region)}:iam::aws:policy/${name}`;
}
