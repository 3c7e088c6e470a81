import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PolicyStatement } from "../../constructs/support/iam-policy.ts";
import type { Request } from "./policy-simulation.ts";

const page = readFileSync(join(__dirname, "../../docs/pull-requests-setup.md"), "utf8");

/** The JSON of docs/pull-requests-setup.md that follows a comment. */
export function jsonAfter(comment: string): unknown {
  const [, text = ""] = new RegExp(`<!-- ${comment} -->\n\`\`\`json\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  return JSON.parse(text);
}

interface Written {
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: PolicyStatement["conditions"];
}

/** The permissions of the role that plans. */
export function planRole(): PolicyStatement[] {
  const { Statement } = jsonAfter("the permissions of the role that reads") as {
    readonly Statement: readonly Written[];
  };
  return Statement.map(({ Effect, Action, Resource, Condition }) => ({
    effect: Effect,
    actions: [Action].flat(),
    resources: [Resource].flat(),
    ...(Condition === undefined ? {} : { conditions: Condition }),
  }));
}

/** The prefixes of IAM's actions, by the names of services in the provider's log. */
const prefixes: Readonly<Record<string, string>> = {
  "Auto Scaling": "autoscaling",
  "CloudWatch Logs": "logs",
  Budgets: "budgets",
  EC2: "ec2",
  ECR: "ecr",
  EKS: "eks",
  IAM: "iam",
  KMS: "kms",
  S3: "s3",
  SQS: "sqs",
  STS: "sts",
};

/** Requests whose action has another name. @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html */
const actions: Readonly<Record<string, string>> = {
  "budgets:DescribeBudget": "budgets:ViewBudget",
  "s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
  "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
  "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
  "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
  "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
  "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
  "s3:HeadBucket": "s3:ListBucket",
};

/**
 * The requests in a log of the AWS provider (`TF_LOG_PROVIDER=debug`), each once.
 * @throws Error for a request to a service that the list above does not have.
 */
export function requestsIn(log: string): Request[] {
  const requested = log
    .split(/\n(?=\d{4}-\d\d-\d\dT)/)
    .filter((entry) => entry.includes("HTTP Request Sent"))
    .map((entry) => {
      const [, method = ""] = /rpc\.method=(\w+)/.exec(entry) ?? [];
      const [, quoted, bare = ""] = /rpc\.service=(?:"([^"]+)"|(\w+))/.exec(entry) ?? [];
      const prefix = prefixes[quoted ?? bare];
      if (prefix === undefined || method === "") throw new Error(`unknown request: ${entry.slice(0, 1000)}`);
      return `${prefix}:${method}`;
    });
  return [...new Set(requested)].sort().map((request) => {
    const action = actions[request] ?? request;
    return planRequest(action, action.startsWith("s3:") ? "arn:aws:s3:::dev-results-20260101" : "*");
  });
}

/** A request of a plan in the region of the page. */
export function planRequest(action: string, resource: string): Request {
  return { action, resource, context: { "aws:RequestedRegion": "us-west-2" } };
}
