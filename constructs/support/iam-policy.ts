/** One statement of an IAM policy. */
export interface PolicyStatement {
  /**
   * Name of the statement, which IAM's console and access-denied messages show.
   * @default - none
   */
  readonly sid?: string | undefined;
  /** Whether the statement allows or denies. */
  readonly effect: "Allow" | "Deny";
  /** Actions, for example `s3:GetObject`. */
  readonly actions: readonly string[];
  /** ARNs, or `*` for actions without resource-level permissions. */
  readonly resources: readonly string[];
  /**
   * Conditions by operator, then by condition key: `{ StringEquals: { "aws:ResourceTag/a": "b" } }`.
   * @default - none
   */
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>> | undefined;
}

/**
 * A policy as JSON, which a plan shows in full. The provider's `aws_iam_policy_document` is a data source, whose result is unknown
 * in a plan when one ARN is unknown.
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

/** A resource policy that refuses every request without TLS. @param service the prefix of its actions, for example `s3`. */
export function tlsOnly(service: string, resources: string | readonly string[]): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "DenyWithoutTls",
        Effect: "Deny",
        Principal: "*",
        Action: `${service}:*`,
        Resource: resources,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
}

/** The use that an AWS service may make of a role. */
export interface ServiceTrust {
  /**
   * What the service may do.
   * @default ["sts:AssumeRole"]
   */
  readonly actions?: readonly string[] | undefined;
  /**
   * The account for which the service acts. Without it, somebody else could have the service use the role for another account.
   * @default - any account; EC2 sends none
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
   */
  readonly sourceAccount?: string | undefined;
  /**
   * Other condition keys and their only values, for example `{ "aws:RequestTag/kubernetes-namespace": "sweep" }`.
   * @default {}
   */
  readonly equals?: Readonly<Record<string, string>> | undefined;
}

/** A trust policy for one AWS service, for example `eks.amazonaws.com`. */
export function trustService(service: string, trust: ServiceTrust = {}): string {
  const { actions = ["sts:AssumeRole"], sourceAccount, equals } = trust;
  const conditions = { ...(sourceAccount !== undefined && { "aws:SourceAccount": sourceAccount }), ...equals };
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: service },
        Action: actions,
        ...(Object.keys(conditions).length > 0 && { Condition: { StringEquals: conditions } }),
      },
    ],
  });
}

/** The first part of every ARN of a region: `aws`, or `aws-us-gov` for GovCloud. */
export function partitionOf(region: string): string {
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** ARN of a policy that AWS maintains, for example `AmazonEKSWorkerNodePolicy`. */
export function managedPolicyArn(region: string, name: string): string {
  return `arn:${partitionOf(region)}:iam::aws:policy/${name}`;
}
