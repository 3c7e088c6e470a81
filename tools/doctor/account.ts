import { principalName } from "../../constructs/cluster/cluster-access.ts";
import { variablePrefix } from "../../stacks/configuration/loader.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { AwsCli, AwsError } from "./aws-cli.ts";
import { type Check, type Finding, notChecked, ok, problem, warning } from "./check.ts";
import { documentationAccount } from "./configuration.ts";

/** Who asks, once that is known to be the right account. */
export interface Session {
  readonly aws: AwsCli;
  readonly callerArn: string;
}

/** What `aws sts get-caller-identity` says, and whether anything else may be asked. */
export async function identify(
  { name, accountId, region }: Pick<ResolvedEnvironment, "name" | "accountId" | "region">,
  seconds?: number,
): Promise<{ finding: Finding; session?: Session }> {
  const aws = new AwsCli(region, seconds);
  try {
    const { Account, Arn } = await aws.ask<{ Account: string; Arn: string }>("sts", "get-caller-identity");
    const session = { aws, callerArn: Arn };
    // The check of the account has said that it is nobody's; what this one allows is worth knowing.
    if (Account === accountId || accountId === documentationAccount) return { finding: ok(Arn), session };
    const fix = `export AWS_PROFILE=<a profile of ${accountId}>, or ${variablePrefix(name)}_ACCOUNT_ID=${Account}`;
    return { finding: problem(`${Arn}, of account ${Account}`, `account ${accountId} (accountId of ${name})`, fix) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const whose = accountId === documentationAccount ? "your account" : `account ${accountId}`;
    return { finding: problem(error.message, `credentials for ${whose}`, cureOf(error)) };
  }
}

function cureOf({ message, code }: AwsError): string {
  if (/not on PATH/.test(message)) return "install the AWS CLI";
  if (/config profile .* could not be found/.test(message))
    return "aws configure list-profiles, and export AWS_PROFILE";
  if (/sso/i.test(message)) return "aws sso login";
  if (/^ExpiredToken|^RequestExpired/.test(code)) return "log in again: aws sso login, or take new keys";
  if (/^(InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClientException)$/.test(code))
    return "the keys are wrong or deleted: aws configure, or unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN";
  if (/endpoint URL|no answer|Connect timeout|SSL|proxy/i.test(message))
    return "let this machine reach AWS: HTTPS_PROXY, AWS_CA_BUNDLE";
  return "aws configure sso, or export AWS_PROFILE";
}

/** A check that asks AWS: without a session it is not made, and what the caller may not ask stays unknown. */
export function asking(
  session: Promise<Session | undefined>,
  name: string,
  ask: (session: Session) => Promise<Finding>,
): Check {
  const run = async (): Promise<Finding> => {
    const found = await session;
    if (found === undefined) return notChecked("needs credentials for the account");
    try {
      return await ask(found);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return notChecked(error.forbidden ? `the caller may not ask: ${error.message}` : error.message);
    }
  };
  return { name, run };
}

/** The caller's name as an administrator would be named; the ARN of a session lacks the role's path. */
export function administratorFinding(
  callerArn: string,
  { name, cluster }: Pick<ResolvedEnvironment, "name" | "cluster">,
): Finding {
  const account = callerArn.split(":")[4];
  const [, role] = /:assumed-role\/([^/]+)\//.exec(callerArn) ?? [];
  const [, user] = /:user\/(?:.*\/)?([^/]+)$/.exec(callerArn) ?? [];
  const kind = role === undefined ? "user" : "role";
  const caller = role ?? user;
  const needed = "the caller among the administrators: whoever deploys addons and workload talks to the cluster";
  const variable = `${variablePrefix(name)}_ADMINISTRATORS`;
  if (caller === undefined) return problem(callerArn, needed, "use a role or a user: EKS lets no root user in");
  const listed = cluster.administrators.some(
    (arn) => arn.split(":")[4] === account && arn.includes(`:${kind}/`) && principalName(arn) === caller,
  );
  if (listed) return ok(`${kind} ${caller} is an administrator of the cluster`);
  const own =
    kind === "role" ? `"$(aws iam get-role --role-name ${caller} --query Role.Arn --output text)"` : callerArn;
  return problem(
    `${kind} ${caller} is not, and would be locked out; administrators are ${cluster.administrators.join(", ")}`,
    needed,
    `export ${variable}=${own} (several are separated by commas)`,
  );
}

export async function zonesFinding(
  { aws }: Session,
  { region, availabilityZones }: ResolvedEnvironment,
): Promise<Finding> {
  const { AvailabilityZones: zones } = await aws.ask<{ AvailabilityZones: { ZoneName: string; State: string }[] }>(
    "ec2",
    "describe-availability-zones",
  );
  const there = zones.filter(({ State }) => State === "available").map(({ ZoneName }) => ZoneName);
  const missing = availabilityZones.filter((zone) => !there.includes(zone));
  if (missing.length === 0) return ok(`${region}: ${availabilityZones.join(", ")}`);
  return problem(
    `no ${missing.join(", ")} in this account`,
    `zones such as ${there.join(", ")}`,
    "correct availabilityZones",
  );
}

interface ClusterVersion {
  readonly clusterVersion: string;
  readonly versionStatus?: string;
  /** Text, or seconds since 1970 from version 1 of the CLI. */
  readonly endOfStandardSupportDate?: string | number;
}

export async function kubernetesFinding(
  { aws }: Session,
  { cluster }: ResolvedEnvironment,
  today = new Date(),
): Promise<Finding> {
  const wanted = cluster.kubernetesVersion;
  const { clusterVersions } = await aws.ask<{ clusterVersions: ClusterVersion[] }>("eks", "describe-cluster-versions");
  const standard = clusterVersions.filter(({ versionStatus }) => versionStatus === "STANDARD_SUPPORT");
  const needed = `a minor in standard support: ${standard.map(({ clusterVersion }) => clusterVersion).join(", ")}`;
  const fix = "raise cluster.kubernetesVersion (constructs/cluster/kubernetes-versions.ts), one minor at a time";
  const found = clusterVersions.find(({ clusterVersion }) => clusterVersion === wanted);
  if (found?.versionStatus !== "STANDARD_SUPPORT") {
    const status = found?.versionStatus?.toLowerCase().replaceAll("_", " ") ?? "not offered";
    return problem(`${wanted}, ${status}`, needed, fix);
  }
  const end = dateOf(found.endOfStandardSupportDate);
  if (end === undefined) return ok(`${wanted}, in standard support`);
  const text = `${wanted}, in standard support until ${end.toISOString().slice(0, 10)}`;
  const days = (end.getTime() - today.getTime()) / 86_400_000;
  // EKS then upgrades the cluster by itself (upgradePolicy), and add-ons and autoscaler do not follow.
  return days > 60 ? ok(text) : warning(text, needed, fix);
}

function dateOf(value: string | number | undefined): Date | undefined {
  const date = new Date(typeof value === "number" ? value * 1000 : (value ?? ""));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

export async function stateFinding({ s3State }: ResolvedEnvironment): Promise<Finding> {
  if (s3State === undefined) return ok("files beside cdktf.json: for one person at one machine");
  const { bucket, region } = s3State;
  const at = new AwsCli(region);
  const versioned = `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled`;
  try {
    await at.ask("s3api", "head-bucket", "--bucket", bucket);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const create = `aws s3 mb s3://${bucket} --region ${region} && ${versioned}`;
    const needed = `a bucket of yours in ${region} (s3State)`;
    if (error.code === "404") return problem(`there is no bucket ${bucket}`, needed, create);
    if (error.code === "403")
      return problem(
        `bucket ${bucket} is somebody else's, or closed to the caller`,
        needed,
        "choose another name in s3State",
      );
    if (error.code === "301") return problem(`bucket ${bucket} is not in ${region}`, needed, "correct s3State.region");
    throw error;
  }
  const { Status } = await at.ask<{ Status?: string }>("s3api", "get-bucket-versioning", "--bucket", bucket);
  if (Status === "Enabled") return ok(`s3://${bucket}, versioned`);
  return warning(`s3://${bucket}, not versioned`, "versions, to go back to when a state is lost or damaged", versioned);
}

export async function spotRoleFinding({ aws }: Session): Promise<Finding> {
  const role = "AWSServiceRoleForEC2Spot";
  try {
    await aws.ask("iam", "get-role", "--role-name", role);
    return ok(role);
  } catch (error) {
    if (!(error instanceof AwsError && /^NoSuchEntity/.test(error.code))) throw error;
    const fix = "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com";
    return warning(
      `no ${role}`,
      "the account's role for spot machines: AWS makes it with the first one if it may",
      fix,
    );
  }
}
