import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Lazy } from "cdktf";
import { Cluster, type ClusterProps, existingCluster } from "../../../constructs/cluster/cluster.ts";
import { principalName, principalProblems } from "../../../constructs/cluster/cluster-access.ts";
import { dynamic } from "../../../constructs/pools/capacity.ts";
import { NodeGroup } from "../../../constructs/pools/node-group.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import { NodeRole } from "../../../constructs/pools/node-role.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";
import { DestroyOrder } from "../../support/destroy-order.ts";
import { testNetwork } from "../../support/fixtures.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

function cluster(props: Partial<ClusterProps> = {}) {
  return synthesize((stack) => {
    new Cluster(stack, "cluster", {
      name: "test-platform",
      region: "us-west-2",
      kubernetesVersion: "1.35",
      network: testNetwork,
      administrators: { admin: "arn:aws:iam::111122223333:role/admin" },
      ...props,
    });
  });
}

describe("a cluster", () => {
  test("is private, lets in those with an access entry only, and leaves add-ons to us", () => {
    expect(cluster().one("aws_eks_cluster")).toMatchObject({
      name: "test-platform",
      version: "1.35",
      access_config: { authentication_mode: "API", bootstrap_cluster_creator_admin_permissions: false },
      bootstrap_self_managed_addons: false,
      upgrade_policy: { support_type: "STANDARD" },
      vpc_config: {
        subnet_ids: ["subnet-0a", "subnet-0b"],
        endpoint_private_access: true,
        endpoint_public_access: false,
      },
    });
    expect(cluster().one("aws_eks_cluster").vpc_config).not.toHaveProperty("public_access_cidrs");
  });

  test("opens a public endpoint to an allow-list, and keeps the private one", () => {
    expect(cluster({ endpointPublicAccessCidrs: ["203.0.113.0/24"] }).one("aws_eks_cluster").vpc_config).toMatchObject({
      endpoint_private_access: true,
      endpoint_public_access: true,
      public_access_cidrs: ["203.0.113.0/24"],
    });
  });

  test("gives each administrator an entry and the policy of a cluster administrator", () => {
    const made = cluster();
    const principal_arn = "arn:aws:iam::111122223333:role/admin";
    expect(made.one("aws_eks_access_entry")).toMatchObject({ principal_arn, type: "STANDARD" });
    expect(made.one("aws_eks_access_policy_association")).toMatchObject({
      principal_arn,
      policy_arn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
      access_scope: { type: "cluster" },
      depends_on: [made.address("aws_eks_access_entry")],
    });
  });

  test("in GovCloud uses the policies of its own partition", () => {
    const made = cluster({ region: "us-gov-west-1" });
    expect(made.one("aws_eks_access_policy_association").policy_arn).toMatch(/^arn:aws-us-gov:eks::aws:/);
    expect(made.one("aws_iam_role_policy_attachment").policy_arn).toMatch(/^arn:aws-us-gov:iam::aws:/);
  });

  test("encrypts secrets with a key that is rotated", () => {
    const made = cluster();
    expect(made.one("aws_eks_cluster").encryption_config).toEqual({
      provider: { key_arn: `\${${made.address("aws_kms_key")}.arn}` },
      resources: ["secrets"],
    });
    expect(made.one("aws_kms_key")).toMatchObject({ enable_key_rotation: true, deletion_window_in_days: 7 });
  });

  test("logs into a group made before it, kept for 30 days unless told otherwise", () => {
    const made = cluster();
    expect(made.one("aws_cloudwatch_log_group")).toMatchObject({
      name: "/aws/eks/test-platform/cluster",
      retention_in_days: 30,
    });
    expect(made.one("aws_eks_cluster")).toMatchObject({
      enabled_cluster_log_types: ["api", "audit", "authenticator"],
      depends_on: expect.arrayContaining([made.address("aws_cloudwatch_log_group")]),
    });
    expect(cluster({ logRetentionInDays: 7 }).one("aws_cloudwatch_log_group").retention_in_days).toBe(7);
    expect(cluster({ enabledLogTypes: ["scheduler"] }).one("aws_eks_cluster").enabled_cluster_log_types).toEqual([
      "scheduler",
    ]);
  });

  test("may use its key, and may not bring its log group back after a destroy", () => {
    const { Statement } = JSON.parse(cluster().one("aws_iam_role_policy").policy);
    expect(Statement).toMatchObject([
      { Effect: "Allow", Action: expect.arrayContaining(["kms:Decrypt"]) },
      { Effect: "Deny", Action: ["logs:CreateLogGroup"], Resource: ["*"] },
    ]);
  });

  test("is destroyed before the log group, the key and the permissions it works with", () => {
    const made = cluster();
    const order = new DestroyOrder(made);
    const types = ["aws_cloudwatch_log_group", "aws_kms_key", "aws_iam_role_policy_attachment", "aws_iam_role_policy"];
    for (const type of types) {
      expect(order.destroysBefore(made.address("aws_eks_cluster"), made.address(type))).toBe(true);
    }
  });

  test("mentions deletion protection only where somebody decided about it", () => {
    expect(cluster().one("aws_eks_cluster")).not.toHaveProperty("deletion_protection");
    expect(cluster({ deletionProtection: true }).one("aws_eks_cluster").deletion_protection).toBe(true);
    expect(cluster({ deletionProtection: false }).one("aws_eks_cluster").deletion_protection).toBe(false);
  });

  test.each([
    [
      { endpointPublicAccessCidrs: [] },
      "endpointPublicAccessCidrs must be a list of at least one block, got []: AWS takes an empty list for 0.0.0.0/0, so add your office's or VPN's block, or remove the property for no public endpoint",
    ],
    [
      { endpointPublicAccessCidrs: ["0.0.0.0/0"] },
      "endpointPublicAccessCidrs[0] must be an IPv4 block of /8 or smaller, got \"0.0.0.0/0\": a larger block opens the Kubernetes API to the internet, so use your office's or VPN's block, or remove the property",
    ],
    [
      { endpointPublicAccessCidrs: ["office"] },
      'endpointPublicAccessCidrs[0] must be an IPv4 block of /8 or smaller, got "office": use for example "203.0.113.7/32"',
    ],
  ])("refuses %j", (props, message) => {
    expect(messageOf(() => cluster(props))).toBe(`cluster test-platform has 1 problem:\n  - ${message}`);
  });

  test("leaves values known only after apply to AWS", () => {
    const block = Lazy.stringValue({ produce: () => "0.0.0.0/0" });
    expect(() => cluster({ endpointPublicAccessCidrs: [block] })).not.toThrow();
    const blocks = Lazy.listValue({ produce: () => [] });
    expect(() => cluster({ endpointPublicAccessCidrs: blocks })).not.toThrow();
    expect(principalProblems(Lazy.stringValue({ produce: () => "anything" }))).toEqual([]);
  });
});

test("a cluster made elsewhere is used as it is, in its own region", () => {
  const cluster = existingCluster({
    clusterName: "elsewhere",
    region: "us-gov-west-1",
    kubernetesVersion: "1.35",
    clusterEndpoint: "https://example.eks.amazonaws.com",
    certificateAuthorityData: "bW9jaw==",
  });
  const made = synthesize((stack) => {
    const nodeRole = new NodeRole(stack, "role", { name: "test", cluster });
    const pool = new NodePool({ name: "general", instanceTypes: ["t3.large"], capacity: dynamic(1, 2) });
    new NodeGroup(stack, "pool", {
      cluster,
      network: testNetwork,
      nodeRole,
      pool,
      instanceTags: {},
      dependsOn: cluster.dependables,
    });
  });
  expect(made.all("aws_eks_cluster")).toEqual([]);
  expect(made.one("aws_eks_node_group")).toMatchObject({ cluster_name: "elsewhere", version: "1.35" });
  expect(made.one("aws_iam_role_policy_attachment", "role_AmazonEKS_CNI").policy_arn).toMatch(/^arn:aws-us-gov:iam::/);
});

test("a cluster's dependables are its administrators' permissions", () => {
  let cluster: Cluster | undefined;
  const made = synthesize((stack) => {
    cluster = new Cluster(stack, "cluster", {
      name: "test-platform",
      region: "us-west-2",
      kubernetesVersion: "1.35",
      network: testNetwork,
      administrators: { admin: "arn:aws:iam::111122223333:role/admin" },
    });
    // Stands in for a resource in the Kubernetes API.
    new KmsKey(stack, "namespace", { dependsOn: [...cluster.dependables] });
  });
  expect(cluster?.region).toBe("us-west-2");
  expect(made.one("aws_kms_key", "namespace").depends_on).toEqual([made.address("aws_eks_access_policy_association")]);
});

describe("the ARN of an administrator", () => {
  const message = (arn: string) =>
    principalProblems(arn).map((problem) => describeProblem({ ...problem, path: ["arn"] }));

  test.each([
    "arn:aws:iam::111122223333:role/admin",
    "arn:aws:iam::111122223333:role/a/path/admin@example.com",
    "arn:aws-us-gov:iam::111122223333:user/alice",
  ])("may be %s", (arn) => {
    expect(message(arn)).toEqual([]);
  });

  test("is named by its last part", () => {
    expect(principalName("arn:aws:iam::111122223333:role/a/path/admin")).toBe("admin");
  });

  test("is not a session's, and the error names the role behind it", () => {
    expect(message("arn:aws:sts::111122223333:assumed-role/admin/alice")).toEqual([
      'arn must be the ARN of an IAM role or user (arn:aws:iam::<account>:role/<name> or user/<name>), got "arn:aws:sts::111122223333:assumed-role/admin/alice": this is a session, so use its role, for example "arn:aws:iam::111122223333:role/admin"',
    ]);
  });

  test("is not just a name", () => {
    expect(message("admin")).toEqual([
      'arn must be the ARN of an IAM role or user (arn:aws:iam::<account>:role/<name> or user/<name>), got "admin": use for example "arn:aws:iam::111122223333:role/platform-administrator"',
    ]);
  });
});
