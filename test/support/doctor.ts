import { prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { deploySections } from "../../tools/doctor/deploy.ts";
import { type Checked, examine } from "../../tools/doctor/report.ts";
import { resolved } from "./fixtures.ts";
import { type Answer, Programs } from "./programs.ts";
import { temporaryDirectory } from "./sweep.ts";

export const programs = new Programs(temporaryDirectory());
export const own = "123456789012";
const inherited = { ...process.env };

/** An environment that somebody has made theirs. */
export const mine = (environment: Environment, changes: Partial<Environment> = {}): Environment => ({
  ...environment,
  accountId: own,
  cluster: {
    ...environment.cluster,
    administrators: [`arn:aws:iam::${own}:role/team/deployer`],
    // Whether a block holds this machine's address depends on the machine.
    endpointPublicAccessCidrs: undefined,
  },
  ...changes,
});
/** The AWS CLI's words for an error of AWS. */
export const awsError = (code: string, operation: string, message: string): Answer => ({
  error: `An error occurred (${code}) when calling the ${operation} operation: ${message}`,
});
export const quota = (QuotaCode: string, Value: number) =>
  programs.answer(`service-quotas-get-service-quota-${QuotaCode}`, { json: { Quota: { QuotaCode, Value } } });
export const caller = (Arn: string, Account = own) =>
  programs.answer("sts-get-caller-identity", { json: { UserId: "AROAEXAMPLE:me", Account, Arn } });

/** Gives every test of a file a machine and an account with nothing wrong, and no program but stand-ins. */
export function useHealthyAccount(): void {
  beforeEach(() => {
    programs.clear();
    const variables = Object.entries(inherited).filter(([name]) => !/^(PLATFORM_|TERRAFORM_BINARY_NAME$)/.test(name));
    process.env = { ...Object.fromEntries(variables), PATH: programs.path };
    programs.install("terraform", `echo '{"terraform_version":"1.11.4","platform":"linux_amd64"}'`);
    programs.install(
      "docker",
      `case "$*" in buildx*) echo "github.com/docker/buildx v0.24.0 0123abc" ;; *) echo 28.2.2 ;; esac`,
    );
    programs.installAws("2.31.6");
    caller(`arn:aws:sts::${own}:assumed-role/deployer/me`);
    const zones = ["a", "b", "c", "d"].map((letter) => ({ ZoneName: `us-west-2${letter}`, State: "available" }));
    programs.answer("ec2-describe-availability-zones", { json: { AvailabilityZones: zones } });
    programs.answer("eks-describe-cluster-versions", {
      json: {
        clusterVersions: [
          {
            clusterVersion: "1.35",
            versionStatus: "STANDARD_SUPPORT",
            endOfStandardSupportDate: "2999-03-27T00:00:00+00:00",
          },
          {
            clusterVersion: "1.32",
            versionStatus: "EXTENDED_SUPPORT",
            endOfStandardSupportDate: "2026-03-23T00:00:00+00:00",
          },
        ],
      },
    });
    programs.answer("s3api-head-bucket", { json: { BucketRegion: "us-west-2" } });
    programs.answer("s3api-get-bucket-versioning", { json: { Status: "Enabled" } });
    programs.answer("iam-get-role", { json: { Role: { RoleName: "AWSServiceRoleForEC2Spot" } } });
    programs.answer("ec2-describe-instances", { json: [] });
    programs.answer("ec2-describe-vpcs", { json: [{ environment: null }] });
    programs.answer("ec2-describe-addresses", { json: [] });
    for (const code of ["L-1216C47A", "L-34B43A08", "L-DB2E81BA", "L-3819A6DF"]) quota(code, 1000);
    quota("L-F678F1CE", 5);
    quota("L-0263D0A3", 5);
  });
  afterAll(() => {
    process.env = inherited;
  });
}

/** What the doctor finds of a deploy. */
export async function findings(environment: Environment): Promise<Checked[]> {
  const sections = await examine(deploySections(resolved(environment)), { title: () => {}, finding: () => {} });
  return sections.flatMap(({ checks }) => checks);
}
export async function finding(name: string, environment = mine(prod)): Promise<Checked> {
  const found = (await findings(environment)).find((checked) => checked.name === name);
  if (found === undefined) throw new Error(`there is no check ${name}`);
  return found;
}
