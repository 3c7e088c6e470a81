import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Lazy } from "cdktf";
import { PodIdentityRole, type PodIdentityRoleProps } from "../../../constructs/cluster/pod-identity-role.ts";
import { testCluster } from "../../support/fixtures.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

function identity(props: Partial<PodIdentityRoleProps> = {}) {
  return synthesize((stack) => {
    const { dependables } = new PodIdentityRole(stack, "identity", {
      cluster: testCluster,
      name: "test-worker",
      namespace: "sweep",
      serviceAccount: "worker",
      description: "Workers",
      ...props,
    });
    // Stands in for the pods with the identity.
    new KmsKey(stack, "pods", { dependsOn: [...dependables] });
  });
}

describe("a pod identity role", () => {
  test("may be taken by one service account in one namespace of one cluster", () => {
    const { Statement } = JSON.parse(identity().one("aws_iam_role").assume_role_policy);
    expect(Statement).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: {
            "aws:SourceAccount": "111122223333",
            "aws:RequestTag/eks-cluster-name": "test-platform",
            "aws:RequestTag/kubernetes-namespace": "sweep",
            "aws:RequestTag/kubernetes-service-account": "worker",
          },
        },
      },
    ]);
  });

  test("is associated here, long before a pod needs it", () => {
    const made = identity();
    expect(made.one("aws_eks_pod_identity_association")).toMatchObject({
      cluster_name: "test-platform",
      namespace: "sweep",
      service_account: "worker",
      role_arn: `\${${made.address("aws_iam_role")}.arn}`,
    });
  });

  test("is made when its association is in effect, so that pods of a job that is added later get credentials", () => {
    const [provisioner] = identity().one("aws_eks_pod_identity_association").provisioner;
    expect(provisioner).toEqual({
      "local-exec": { interpreter: ["node", "-e"], command: "setTimeout(() => {}, 15_000)" },
    });
  });

  test("allows nothing by itself", () => {
    const made = identity();
    expect(made.all("aws_iam_role_policy")).toEqual([]);
    expect(made.all("aws_iam_role_policy_attachment")).toEqual([]);
  });

  test("has the association and all permissions as dependables", () => {
    const made = identity({
      policyStatements: [{ effect: "Allow", actions: ["s3:GetObject"], resources: ["*"] }],
      managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    });
    expect(made.one("aws_kms_key").depends_on.sort()).toEqual(
      made.addresses.filter((address) => !/^aws_(iam_role|kms_key)\./.test(address)),
    );
  });

  test("refuses names that IAM or Kubernetes would", () => {
    expect(messageOf(() => identity({ name: "a".repeat(38), namespace: "Sweep!" }))).toBe(
      [
        `pod identity role "${"a".repeat(38)}" has 2 problems:`,
        `  - name must be at most 37 characters long, got "${"a".repeat(38)}": IAM allows 64 characters in a role's name and Terraform appends 26, so shorten it`,
        '  - namespace must be a lower-case letter followed by lower-case letters, digits and hyphens, at most 63 characters, got "Sweep!": use for example "sweep"',
      ].join("\n"),
    );
  });

  test("leaves a namespace known only after apply to Kubernetes", () => {
    expect(() => identity({ namespace: Lazy.stringValue({ produce: () => "Sweep!" }) })).not.toThrow();
  });
});
