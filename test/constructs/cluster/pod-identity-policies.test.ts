import { PodIdentityRole, type PodIdentityRoleProps } from "../../../constructs/cluster/pod-identity-role.ts";
import { testCluster } from "../../support/fixtures.ts";
import { synthesize } from "../../support/synthesized.ts";

const identity = (props: Partial<PodIdentityRoleProps> = {}) =>
  synthesize((stack) => {
    new PodIdentityRole(stack, "identity", {
      cluster: testCluster,
      name: "test-worker",
      namespace: "sweep",
      serviceAccount: "worker",
      description: "Workers",
      ...props,
    });
  });

describe("a pod identity role", () => {
  test("has a name of 37 characters at most, its description, and the statements that it was given", () => {
    const made = identity({
      name: "a".repeat(37),
      policyStatements: [{ sid: "Read", effect: "Allow", actions: ["s3:GetObject"], resources: ["arn:1"] }],
    });
    expect(made.one("aws_iam_role")).toMatchObject({ name_prefix: `${"a".repeat(37)}-`, description: "Workers" });
    const { name, role, policy } = made.one("aws_iam_role_policy");
    expect([name, role]).toEqual(["worker", `\${${made.address("aws_iam_role")}.name}`]);
    expect(JSON.parse(policy).Statement).toEqual([
      { Sid: "Read", Effect: "Allow", Action: ["s3:GetObject"], Resource: ["arn:1"] },
    ]);
    expect(() => identity({ name: "a".repeat(38) })).toThrow("name must be");
  });

  test("has no policy of its own without statements, which IAM would refuse", () => {
    expect(identity({ policyStatements: [] }).all("aws_iam_role_policy")).toEqual([]);
  });

  test("has an address for each managed policy, by the policy's name", () => {
    const arns = [
      "arn:aws:iam::aws:policy/ReadOnlyAccess",
      "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy",
    ];
    const made = identity({ managedPolicyArns: arns });
    const role = `\${${made.address("aws_iam_role")}.name}`;
    expect(made.one("aws_iam_role_policy_attachment", "identity_policy-ReadOnlyAccess_")).toEqual({
      role,
      policy_arn: arns[0],
    });
    expect(made.one("aws_iam_role_policy_attachment", "identity_policy-AmazonEBSCSIDriverPolicy_")).toEqual({
      role,
      policy_arn: arns[1],
    });
  });
});
