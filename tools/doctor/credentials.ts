import { z } from "zod";
import { principalName } from "../../constructs/cluster/cluster-access.ts";
import { variablePrefix } from "../../stacks/configuration/loader.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { parsed } from "../support/answers.ts";
import { documentationAccount } from "./configuration.ts";
import { isMissing, runProgram, start } from "./programs.ts";
import { type Check, type Finding, notChecked, ok, problem } from "./report.ts";

type Account = Pick<ResolvedEnvironment, "name" | "accountId" | "region">;

const identitySchema = z.object({ Account: z.string(), Arn: z.string() });

/** Longer than the AWS CLI takes to start and to find no credentials. */
const awsSeconds = 10;

/** The user's own AWS CLI, with the user's own credentials. */
export function aws(region: string, ...args: readonly string[]) {
  const options = ["--region", region, "--output", "json", "--cli-connect-timeout", "5", "--cli-read-timeout", "5"];
  const env = { ...process.env, AWS_PAGER: "", AWS_MAX_ATTEMPTS: "1" };
  return runProgram("aws", [...args, ...options], { seconds: awsSeconds, env });
}

/** Checks that the credentials belong to the account, reach the cluster, and read Terraform's state. */
export function credentialChecks(environment: ResolvedEnvironment, identity: Promise<Identity>): Check[] {
  return [
    { name: "credentials", run: async () => (await identity).finding },
    { name: "cluster access", run: withCredentials(identity, (arn) => administratorFinding(arn, environment)) },
    { name: "Terraform state", run: withCredentials(identity, () => stateFinding(environment)) },
  ];
}

/** A check that is made only with credentials of the right account. */
export function withCredentials(identity: Promise<Identity>, check: (arn: string) => Finding | Promise<Finding>) {
  return async () => {
    const { arn } = await identity;
    return arn === undefined ? notChecked("needs credentials for the account") : check(arn);
  };
}

/** The caller, with `arn` only for credentials of the right account. */
export interface Identity {
  readonly finding: Finding;
  readonly arn?: string;
}

export async function identify({ name, accountId, region }: Account): Promise<Identity> {
  const needed = `credentials for ${accountId === documentationAccount ? "your account" : `account ${accountId}`}`;
  const { succeeded, stdout, reason } = await aws(region, "sts", "get-caller-identity");
  if (!succeeded) return { finding: problem(`aws: ${reason}`, needed, cureOf(reason)) };
  const identity = identitySchema.safeParse(parsed(stdout));
  if (!identity.success) {
    const found = `aws: no identity in ${start(stdout)}`;
    return { finding: problem(found, needed, "run aws sts get-caller-identity and compare") };
  }
  const { Account, Arn: arn } = identity.data;
  // Another check reports the placeholder account. These credentials are tested all the same.
  if (Account === accountId || accountId === documentationAccount) return { finding: ok(arn), arn };
  const fix = `export AWS_PROFILE=<a profile of ${accountId}>, or ${variablePrefix(name)}_ACCOUNT_ID=${Account}`;
  return { finding: problem(`${arn}, of account ${Account}`, `account ${accountId} (accountId of ${name})`, fix) };
}

/** What to do about an error of the AWS CLI. */
export function cureOf(reason: string): string {
  if (isMissing(reason)) return "install the AWS CLI";
  if (/^ended with SIG/.test(reason)) return "install the AWS CLI anew, because it crashes";
  if (/sso|ExpiredToken|RequestExpired/i.test(reason)) return "log in again: aws sso login, or take new keys";
  if (/endpoint URL|no answer|timeout|SSL|proxy/i.test(reason))
    return "let this machine reach AWS: HTTPS_PROXY, AWS_CA_BUNDLE";
  return "aws configure sso, or export AWS_PROFILE (aws configure list-profiles)";
}

/** Compares names, because the ARN of a session lacks the role's path. */
function administratorFinding(callerArn: string, { name, cluster }: ResolvedEnvironment): Finding {
  const account = callerArn.split(":")[4];
  const [, role] = /:assumed-role\/([^/]+)\//.exec(callerArn) ?? [];
  const [, user] = /:user\/(?:.*\/)?([^/]+)$/.exec(callerArn) ?? [];
  const kind = role === undefined ? "user" : "role";
  const caller = role ?? user;
  const needed = "the caller among the administrators, because addons and workload are deployed through the cluster";
  if (caller === undefined) return problem(callerArn, needed, "use a role or a user: EKS admits no root user");
  const isListed = cluster.administrators.some(
    (arn) => arn.split(":")[4] === account && arn.includes(`:${kind}/`) && principalName(arn) === caller,
  );
  if (isListed) return ok(`${kind} ${caller} is an administrator of the cluster`);
  const own =
    kind === "role" ? `"$(aws iam get-role --role-name ${caller} --query Role.Arn --output text)"` : callerArn;
  return problem(
    `${kind} ${caller} is no administrator; administrators are ${cluster.administrators.join(", ")}`,
    needed,
    `export ${variablePrefix(name)}_ADMINISTRATORS=${own} (separate several with commas)`,
  );
}

async function stateFinding({ s3State }: ResolvedEnvironment): Promise<Finding> {
  if (s3State === undefined) return ok("files beside cdktf.json, for one person on one machine");
  const { bucket, region } = s3State;
  const { succeeded, reason } = await aws(region, "s3api", "head-bucket", "--bucket", bucket);
  if (succeeded) return ok(`s3://${bucket}`);
  const versioned = `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled`;
  return problem(
    reason,
    `the bucket ${bucket} in ${region} (s3State), open to the caller`,
    `aws s3 mb s3://${bucket} --region ${region} && ${versioned}, or another s3State`,
  );
}
