import { Lazy, TerraformOutput } from "cdktf";
import { Cluster, type ClusterProps } from "../../../constructs/cluster/cluster.ts";
import { principalName, principalProblems, publicAccessProblems } from "../../../constructs/cluster/cluster-access.ts";
import { testNetwork } from "../../support/fixtures.ts";
import { synthesize } from "../../support/synthesized.ts";

function cluster(props: Partial<ClusterProps> = {}) {
  return synthesize((stack) => {
    const made = new Cluster(stack, "cluster", {
      name: "test-platform",
      region: "us-west-2",
      kubernetesVersion: "1.35",
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
  test("is this and nothing else unless told otherwise", () => {
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

  test.each([
    [undefined, undefined],
    [false, undefined],
    [true, { prevent_destroy: true }],
  ])("with deletion protection %s has the lifecycle %j in Terraform", (deletionProtection, lifecycle) => {
    expect(cluster({ deletionProtection }).one("aws_eks_cluster").lifecycle).toEqual(lifecycle);
  });

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

  test("refuses logs kept for a number of days that CloudWatch does not know", () => {
    expect(() => cluster({ logRetentionInDays: 31 })).toThrow(
      /^cluster test-platform has 1 problem:\n {2}- logRetentionInDays /,
    );
  });
});

describe("the allow-list of the public endpoint", () => {
  const paths = (cidrs: readonly string[] | undefined) =>
    publicAccessProblems(cidrs).map(({ path, got }) => [path, got]);

  test("refuses the whole internet in one block and in two halves, and every block wider than /8", () => {
    expect(paths(["0.0.0.0/0"])).toEqual([[[0], '"0.0.0.0/0"']]);
    expect(paths(["0.0.0.0/1", "128.0.0.0/1"])).toEqual([
      [[0], '"0.0.0.0/1"'],
      [[1], '"128.0.0.0/1"'],
    ]);
    expect(paths(["203.0.113.0/24", "8.0.0.0/7"])).toEqual([[[1], '"8.0.0.0/7"']]);
  });

  test("accepts 40 blocks of up to /8, less than a sixth of all addresses, and no 41st", () => {
    const blocks = Array.from({ length: 41 }, (_, index) => `${index + 10}.0.0.0/8`);
    expect(paths(blocks.slice(0, 40))).toEqual([]);
    expect(publicAccessProblems(blocks)).toEqual([
      {
        path: [],
        got: "41 blocks",
        allowed: "at most 40 blocks, the limit of EKS",
        fix: "keep your office's or VPN's blocks only",
      },
    ]);
  });

  test("refuses a list without a block, and accepts none at all and single addresses", () => {
    expect(paths([])).toEqual([[[], "[]"]]);
    expect(paths(undefined)).toEqual([]);
    expect(paths(["203.0.113.7/32", "198.51.100.0/24"])).toEqual([]);
  });

  test("leaves a value that is known after apply to AWS, and still checks the others", () => {
    const block = Lazy.stringValue({ produce: () => "0.0.0.0/0" });
    expect(paths([block, "0.0.0.0/0"])).toEqual([[[1], '"0.0.0.0/0"']]);
  });
});

describe("the ARN of an administrator", () => {
  test.each([
    ["arn:aws:iam::111122223333:role/admin", "admin"],
    ["arn:aws-us-gov:iam::111122223333:user/team/a+b=c,d.e@f-g_h", "a+b=c,d.e@f-g_h"],
    ["arn:aws-cn:iam::111122223333:role/one/two/admin", "admin"],
  ])("may be %s, and its name is %s", (arn, name) => {
    expect(principalProblems(arn)).toEqual([]);
    expect(principalName(arn)).toBe(name);
  });

  test.each([
    "x arn:aws:iam::111122223333:role/admin",
    "arn:aws:iam::111122223333:role/admin x",
    "arn:aws:iam::1111222233334:role/admin",
    "arn:aws:iam::11112222333:role/admin",
    "arn:aws:iam::111122223333:group/admin",
    "arn:aws:iam::111122223333:role/",
    "arn:aws:iam::111122223333:role//admin",
    "arn:aws:iam::111122223333:role/two words",
    "arn:aws:iam::111122223333:root",
    "arn:azure:iam::111122223333:role/admin",
  ])("may not be %s", (arn) => {
    expect(principalProblems(arn)).toMatchObject([{ path: [], got: JSON.stringify(arn) }]);
    expect(principalName(arn)).toBe(arn);
  });

  test("of a session leads to the role behind it, whatever the session is called", () => {
    const [problem] = principalProblems("arn:aws-us-gov:sts::111122223333:assumed-role/admin/alice/2");
    expect(problem?.fix).toContain('"arn:aws-us-gov:iam::111122223333:role/admin"');
  });
});
