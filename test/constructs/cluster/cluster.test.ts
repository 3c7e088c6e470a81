import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Lazy, TerraformOutput } from "cdktf";
import { Cluster, type ClusterProps, existingCluster } from "../../../constructs/cluster/cluster.ts";
import { dynamic } from "../../../constructs/pools/capacity.ts";
import { NodeGroup } from "../../../constructs/pools/node-group.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import { NodeRole } from "../../../constructs/pools/node-role.ts";
import { DestroyOrder } from "../../support/destroy-order.ts";
import { testNetwork } from "../../support/fixtures.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

function cluster(props: Partial<ClusterProps> = {}) {
  return synthesize((stack) => {
    const made = new Cluster(stack, "cluster", {
      name: "test-platform",
      region: "us-west-2",
      accountId: "111122223333",
      kubernetesVersion: "1.35",
      availabilityZones: ["us-west-2a", "us-west-2b"],
      network: testNetwork,
      administrators: { admin: "arn:aws:iam::111122223333:role/admin" },
      ...props,
    });
    for (const attribute of [
      "clusterName",
      "clusterEndpoint",
      "certificateAuthorityData",
      "kubernetesVersion",
    ] as const) {
      new TerraformOutput(stack, attribute, { value: made[attribute] });
    }
  });
}

describe("a cluster", () => {
  test("is this and nothing else by default", () => {
    const made = cluster();
    expect(made.one("aws_eks_cluster")).toEqual({
      name: "test-platform",
      version: "1.35",
      role_arn: `\${${made.address("aws_iam_role")}.arn}`,
      access_config: { authentication_mode: "API", bootstrap_cluster_creator_admin_permissions: false },
      bootstrap_self_managed_addons: false,
      vpc_config: {
        subnet_ids: ["subnet-0a", "subnet-0b"],
        endpoint_private_access: true,
        endpoint_public_access: false,
      },
      encryption_config: {
        provider: { key_arn: `\${${made.address("aws_kms_key")}.arn}` },
        resources: ["secrets"],
      },
      enabled_cluster_log_types: ["api", "audit", "authenticator"],
      upgrade_policy: { support_type: "STANDARD" },
      depends_on: [
        made.address("aws_cloudwatch_log_group"),
        made.address("aws_iam_role_policy_attachment"),
        made.address("aws_iam_role_policy"),
      ],
    });
  });

  test("keeps its first zones in the state, and refuses a plan with others", () => {
    const made = cluster({ availabilityZones: ["us-west-2b", "us-west-2a"] });
    const address = made.address("aws_eks_cluster");
    expect(made.one("terraform_data")).toEqual({
      input: { zones: "us-west-2a, us-west-2b" },
      depends_on: [address],
      lifecycle: {
        ignore_changes: ["input"],
        replace_triggered_by: [`${address}.created_at`],
        postcondition: [
          {
            condition: `\${self.output.zones == "us-west-2a, us-west-2b"}`,
            error_message: `The cluster was made in \${self.output.zones}, and EKS takes no other zones. Name these in cluster.availabilityZones, and other zones in the availabilityZones of pools; or destroy the platform and deploy it anew.`,
          },
        ],
      },
    });
  });

  test("opens a public endpoint to an allow-list, and keeps the private one", () => {
    expect(cluster({ endpointPublicAccessCidrs: ["203.0.113.0/24"] }).one("aws_eks_cluster").vpc_config).toMatchObject({
      endpoint_private_access: true,
      endpoint_public_access: true,
      public_access_cidrs: ["203.0.113.0/24"],
    });
  });

  test("writes the logs that are asked for into a group that keeps them for 30 days, or as long as is asked for", () => {
    const made = cluster();
    expect(made.one("aws_cloudwatch_log_group")).toEqual({
      name: "/aws/eks/test-platform/cluster",
      retention_in_days: 30,
    });
    const other = cluster({ enabledLogTypes: ["scheduler"], logRetentionInDays: 7 });
    expect(other.one("aws_cloudwatch_log_group").retention_in_days).toBe(7);
    expect(other.one("aws_eks_cluster").enabled_cluster_log_types).toEqual(["scheduler"]);
  });

  test.each([
    [undefined, undefined],
    [false, undefined],
    [true, { prevent_destroy: true }],
  ])(
    "with deletion protection %s tells EKS so, and has the lifecycle %j in Terraform",
    (deletionProtection, lifecycle) => {
      const { deletion_protection, lifecycle: inTerraform } = cluster({ deletionProtection }).one("aws_eks_cluster");
      expect([deletion_protection, inTerraform]).toEqual([deletionProtection, lifecycle]);
    },
  );

  test("may use its own key for encryption, and may never create a log group", () => {
    const made = cluster();
    const { name, role, policy } = made.one("aws_iam_role_policy");
    expect([name, role]).toEqual(["secrets-and-logs", `\${${made.address("aws_iam_role")}.name}`]);
    expect(JSON.parse(policy)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "EncryptSecrets",
          Effect: "Allow",
          Action: ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"],
          Resource: [`\${${made.address("aws_kms_key")}.arn}`],
        },
        { Sid: "KeepLogGroupDestroyed", Effect: "Deny", Action: ["logs:CreateLogGroup"], Resource: ["*"] },
      ],
    });
  });

  test("runs with a role that only EKS can take, and with one managed policy", () => {
    const made = cluster();
    const { name_prefix, description, assume_role_policy } = made.one("aws_iam_role");
    expect([name_prefix, description]).toEqual(["test-platform-cluster-", "EKS control plane"]);
    expect(JSON.parse(assume_role_policy)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "eks.amazonaws.com" },
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } },
        },
      ],
    });
    expect(made.one("aws_iam_role_policy_attachment")).toEqual({
      role: `\${${made.address("aws_iam_role")}.name}`,
      policy_arn: "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
    });
  });

  test("encrypts with a key of its own, which has a name that people can read", () => {
    const made = cluster();
    expect(made.one("aws_kms_key")).toEqual({
      description: "Kubernetes secrets of test-platform",
      enable_key_rotation: true,
      deletion_window_in_days: 7,
    });
    expect(made.one("aws_kms_alias")).toEqual({
      name: "alias/eks/test-platform",
      target_key_id: `\${${made.address("aws_kms_key")}.key_id}`,
    });
  });

  test("gives each administrator an entry in this cluster, at an address with the administrator's name", () => {
    const made = cluster({
      administrators: {
        ci: "arn:aws:iam::111122223333:role/ci",
        team: "arn:aws:iam::111122223333:user/team",
      },
    });
    const cluster_name = `\${${made.address("aws_eks_cluster")}.name}`;
    for (const [name, principal_arn] of [
      ["ci", "arn:aws:iam::111122223333:role/ci"],
      ["team", "arn:aws:iam::111122223333:user/team"],
    ]) {
      expect(made.one("aws_eks_access_entry", `cluster_administrator-${name}_`)).toEqual({
        cluster_name,
        principal_arn,
        type: "STANDARD",
      });
      expect(made.one("aws_eks_access_policy_association", `cluster_administrator-policy-${name}_`)).toEqual({
        cluster_name,
        principal_arn,
        policy_arn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        access_scope: { type: "cluster" },
        depends_on: [made.address("aws_eks_access_entry", `cluster_administrator-${name}_`)],
      });
    }
  });

  test("hands on references to itself, and the minor as it was written", () => {
    const made = cluster();
    const reference = `\${${made.address("aws_eks_cluster")}`;
    expect(Object.fromEntries(Object.entries(made.json.output ?? {}).map(([key, { value }]) => [key, value]))).toEqual({
      clusterName: `${reference}.name}`,
      clusterEndpoint: `${reference}.endpoint}`,
      certificateAuthorityData: `${reference}.certificate_authority[0].data}`,
      kubernetesVersion: "1.35",
    });
  });

  test("in GovCloud uses the policies of its own partition", () => {
    const made = cluster({ region: "us-gov-west-1" });
    expect(made.one("aws_eks_access_policy_association").policy_arn).toMatch(/^arn:aws-us-gov:eks::aws:/);
    expect(made.one("aws_iam_role_policy_attachment").policy_arn).toMatch(/^arn:aws-us-gov:iam::aws:/);
  });

  test("is destroyed before the log group, the key and the permissions it works with", () => {
    const made = cluster();
    const order = new DestroyOrder(made);
    const types = ["aws_cloudwatch_log_group", "aws_kms_key", "aws_iam_role_policy_attachment", "aws_iam_role_policy"];
    for (const type of types) {
      expect(order.destroysBefore(made.address("aws_eks_cluster"), made.address(type))).toBe(true);
    }
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
    [
      { logRetentionInDays: 31 },
      "logRetentionInDays must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days, got 31: CloudWatch Logs allows only these, so use 60",
    ],
  ])("refuses %j", (props, message) => {
    expect(messageOf(() => cluster(props))).toBe(`cluster test-platform has 1 problem:\n  - ${message}`);
  });

  test("keeps its zones when the network gets another, and refuses zones that the network lacks", () => {
    const network = {
      ...testNetwork,
      privateSubnetIds: { "us-west-2c": "subnet-0c", ...testNetwork.privateSubnetIds, "us-west-2d": "subnet-0d" },
    };
    const { vpc_config } = cluster({ network }).one("aws_eks_cluster");
    expect(vpc_config.subnet_ids).toEqual(["subnet-0a", "subnet-0b"]);
    expect(messageOf(() => cluster({ availabilityZones: ["us-west-2a", "us-west-2d"] }))).toBe(
      'cluster test-platform has 1 problem:\n  - availabilityZones[1] must be us-west-2a or us-west-2b, got "us-west-2d": name one of these, or add the zone to the network, which keeps the zones of its cluster',
    );
  });

  test("leaves values known only after apply to AWS", () => {
    const block = Lazy.stringValue({ produce: () => "0.0.0.0/0" });
    expect(() => cluster({ endpointPublicAccessCidrs: [block] })).not.toThrow();
    const blocks = Lazy.listValue({ produce: () => [] });
    expect(() => cluster({ endpointPublicAccessCidrs: blocks })).not.toThrow();
  });
});

test("a cluster made elsewhere is used as it is, in its own region", () => {
  const cluster = existingCluster({
    clusterName: "elsewhere",
    region: "us-gov-west-1",
    accountId: "111122223333",
    kubernetesVersion: "1.35",
    availabilityZones: ["us-west-2b"],
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
  expect(made.one("aws_eks_node_group")).toMatchObject({
    cluster_name: "elsewhere",
    version: "1.35",
    subnet_ids: ["subnet-0b"],
  });
  expect(made.one("aws_iam_role_policy_attachment", "role_AmazonEKSWorkerNode").policy_arn).toMatch(
    /^arn:aws-us-gov:iam::/,
  );
});

test("a cluster's dependables are its administrators' permissions", () => {
  let cluster: Cluster | undefined;
  const made = synthesize((stack) => {
    cluster = new Cluster(stack, "cluster", {
      name: "test-platform",
      region: "us-west-2",
      accountId: "111122223333",
      kubernetesVersion: "1.35",
      availabilityZones: ["us-west-2a", "us-west-2b"],
      network: testNetwork,
      administrators: { admin: "arn:aws:iam::111122223333:role/admin" },
    });
    // Stands in for a resource in the Kubernetes API.
    new KmsKey(stack, "namespace", { dependsOn: [...cluster.dependables] });
  });
  expect(cluster?.region).toBe("us-west-2");
  expect(made.one("aws_kms_key", "namespace").depends_on).toEqual([made.address("aws_eks_access_policy_association")]);
});
