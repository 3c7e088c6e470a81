import { dev, prod } from "../../environments.ts";
import { awsError, finding, mine, programs, quota, useHealthyAccount } from "../support/doctor.ts";

useHealthyAccount();

describe("the account", () => {
  test.each([
    [
      "ec2-describe-availability-zones",
      "zones",
      { json: { AvailabilityZones: [{ ZoneName: "us-west-2a", State: "available" }] } },
      "no us-west-2b, us-west-2c in this account",
    ],
    [
      "s3api-head-bucket",
      "Terraform state",
      awsError("404", "HeadBucket", "Not Found"),
      "there is no bucket example-terraform-state",
    ],
    [
      "s3api-head-bucket",
      "Terraform state",
      awsError("403", "HeadBucket", "Forbidden"),
      "bucket example-terraform-state is somebody else's, or closed to the caller",
    ],
    [
      "s3api-head-bucket",
      "Terraform state",
      awsError("301", "HeadBucket", "Moved Permanently"),
      "bucket example-terraform-state is not in us-west-2",
    ],
  ])("where %s is wrong: %s", async (command, name, answer, found) => {
    programs.answer(command, answer);
    expect(await finding(name)).toMatchObject({ status: "problem", found });
  });

  test("warns of a state without versions, and of what AWS has to make first", async () => {
    programs.answer("s3api-get-bucket-versioning", { json: {} });
    expect(await finding("Terraform state")).toMatchObject({
      status: "warning",
      fix: expect.stringContaining("put-bucket-versioning --bucket example-terraform-state"),
    });
    programs.answer(
      "iam-get-role",
      awsError("NoSuchEntity", "GetRole", "The role with name AWSServiceRoleForEC2Spot cannot be found."),
    );
    expect(await finding("spot machines")).toMatchObject({
      status: "warning",
      fix: "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com",
    });
  });

  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  test.each([
    ["EXTENDED_SUPPORT", "problem", "1.35, extended support", "2026-03-23T00:00:00+00:00"],
    ["STANDARD_SUPPORT", "warning", "1.35, in standard support until", tomorrow],
    // Version 1 of the CLI writes seconds.
    ["STANDARD_SUPPORT", "ok", "1.35, in standard support until 2999-", 32_479_315_200],
  ])("with Kubernetes 1.35 in %s: %s, %s", async (versionStatus, status, found, endOfStandardSupportDate) => {
    const clusterVersions = [{ clusterVersion: "1.35", versionStatus, endOfStandardSupportDate }];
    programs.answer("eks-describe-cluster-versions", { json: { clusterVersions } });
    expect(await finding("Kubernetes")).toMatchObject({ status, found: expect.stringContaining(found) });
  });

  test("leaves open what the caller may not ask, and asks the rest", async () => {
    const text = "User: arn is not authorized to perform: eks:DescribeClusterVersions";
    programs.answer(
      "eks-describe-cluster-versions",
      awsError("AccessDeniedException", "DescribeClusterVersions", text),
    );
    expect(await finding("Kubernetes")).toMatchObject({
      status: "not checked",
      found: `the caller may not ask: An error occurred (AccessDeniedException) when calling the DescribeClusterVersions operation: ${text}`,
    });
    expect(await finding("VPCs")).toMatchObject({ status: "ok" });
  });
});

describe("quotas", () => {
  const running = (
    type: string,
    count: number,
    cores: number,
    environment: string | null,
    lifecycle: string | null = "spot",
  ) => Array.from({ length: count }, () => ({ type, lifecycle, cores, threads: 2, environment }));

  // dev on spot: executor 10 x 8, executor-small 3 x 2, executor-large 3 x 16 = 134 vCPUs.
  test.each([
    [134, "ok", "134; all pools"],
    [133, "warning", "133"],
    [8, "warning", "8"],
    [7, "problem", "7"],
  ])("of %i spot vCPUs in dev: %s", async (value, status, found) => {
    quota("L-34B43A08", value);
    programs.answer("ec2-describe-instances", {
      error:
        "An error occurred (UnauthorizedOperation) when calling the DescribeInstances operation: You are not authorized to perform this operation.",
    });
    expect(await finding("vCPUs, Standard spot", mine(dev))).toMatchObject({
      status,
      found: expect.stringContaining(found),
    });
  });

  test("are shared with others, and not with the environment itself", async () => {
    quota("L-34B43A08", 134);
    const others = [
      ...running("m5.4xlarge", 2, 8, null),
      ...running("g4dn.xlarge", 5, 2, null),
      ...running("m5.large", 9, 1, null, null),
    ];
    programs.answer("ec2-describe-instances", { json: [...others, ...running("c5.2xlarge", 4, 4, "dev")] });
    expect(await finding("vCPUs, Standard spot", mine(dev))).toEqual({
      name: "vCPUs, Standard spot",
      status: "warning",
      found: "134, of which others use 32",
      needed:
        "166 for all pools at their maximum; now, each alone: executor 10 of 10 nodes, executor-small 3 of 3 nodes, executor-large 3 of 3 nodes",
      fix: "aws service-quotas request-service-quota-increase --region us-west-2 --service-code ec2 --quota-code L-34B43A08 --desired-value 166",
    });
  });

  test("of a new account allow no GPU, which is a problem only where a job wants one", async () => {
    quota("L-3819A6DF", 0);
    expect(await finding("vCPUs, G and VT spot", mine(dev))).toMatchObject({
      status: "warning",
      needed: "4 for all pools at their maximum; now, each alone: gpu 0 of 1 nodes",
    });
    const jobs = [{ name: "vision", size: "gpu" as const, totalParameters: 10, workers: 1 }];
    expect(await finding("vCPUs, G and VT spot", mine(dev, { workload: { ...dev.workload, jobs } }))).toMatchObject({
      status: "problem",
    });
  });

  test("that do not carry what always runs are a problem", async () => {
    quota("L-1216C47A", 3);
    expect(await finding("vCPUs, Standard on-demand", mine(dev))).toMatchObject({ status: "problem" });
  });

  test("that nobody has changed are AWS's defaults", async () => {
    programs.answer(
      "service-quotas-get-service-quota-L-0263D0A3",
      awsError(
        "NoSuchResourceException",
        "GetServiceQuota",
        "The request failed because the specified quota does not exist.",
      ),
    );
    programs.answer("service-quotas-get-aws-default-service-quota-L-0263D0A3", { json: { Quota: { Value: 2 } } });
    expect(await finding("Elastic IP addresses", mine(dev))).toMatchObject({
      status: "ok",
      found: "2, of which others use 0; dev takes 1",
    });
    expect(await finding("Elastic IP addresses", mine(prod))).toMatchObject({
      status: "problem",
      found: "2, of which others use 0",
      needed: "3 more",
      fix: expect.stringContaining("--desired-value 3"),
    });
  });

  test("of VPCs count those of others", async () => {
    programs.answer("ec2-describe-vpcs", { json: Array.from({ length: 5 }, () => ({ environment: null })) });
    expect(await finding("VPCs")).toMatchObject({ status: "problem", found: "5, of which others use 5" });
    const withOwn = [{ environment: "prod" }, ...Array.from({ length: 4 }, () => ({ environment: null }))];
    programs.answer("ec2-describe-vpcs", { json: withOwn });
    expect(await finding("VPCs")).toMatchObject({ status: "ok" });
  });
});
