import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { kubernetesMinors } from "../../../constructs/cluster/kubernetes-versions.ts";
import { type Capacity, dynamic, fixed, fromZero } from "../../../constructs/pools/capacity.ts";
import { NodeGroup, type NodeGroupProps } from "../../../constructs/pools/node-group.ts";
import { sizeConditions } from "../../../constructs/pools/node-group-size.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import type { NodePoolProps } from "../../../constructs/pools/node-pool-options.ts";
import { NodeRole } from "../../../constructs/pools/node-role.ts";
import { testCluster, testNetwork } from "../../support/fixtures.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

const policies = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"];

function nodeGroup(props: Partial<NodePoolProps> = {}, others: Partial<NodeGroupProps> = {}) {
  return synthesize((stack) => {
    const route = new KmsKey(stack, "route");
    const addon = new KmsKey(stack, "addon");
    const group = new NodeGroup(stack, "pool", {
      cluster: testCluster,
      network: { ...testNetwork, dependables: [route] },
      nodeRole: new NodeRole(stack, "node-role", { name: "test", cluster: testCluster }),
      pool: new NodePool({ name: "general", instanceTypes: ["t3.large"], capacity: dynamic(2, 10), ...props }),
      instanceTags: { Environment: "test" },
      dependsOn: [addon],
      ...others,
    });
    new KmsKey(stack, "pods", { dependsOn: [...group.dependables] });
  });
}

/** A reference to the variable of the number of nodes with which the group begins. */
const initialSize = expect.stringMatching(/^\$\{var\.pool_initial-size_[0-9A-F]{8}\}$/);

const executor: Partial<NodePoolProps> = {
  name: "executor",
  instanceTypes: ["c5.2xlarge", "c5a.2xlarge"],
  capacity: fromZero(50),
  capacityType: "SPOT",
  labels: { "workload-type": "executor" },
  taints: [{ key: "workload-type", value: "executor", effect: "NoSchedule" }],
};

describe("a node group", () => {
  test("is this and nothing else, and comes after its permissions, its way out and the add-ons", () => {
    const made = nodeGroup();
    const template = made.address("aws_launch_template");
    expect(made.one("aws_eks_node_group")).toEqual({
      cluster_name: "test-platform",
      node_group_name_prefix: "general-",
      node_role_arn: `\${${made.address("aws_iam_role")}.arn}`,
      subnet_ids: ["subnet-0a", "subnet-0b"],
      version: "1.35",
      release_version: "1.35.8-20260930",
      ami_type: "AL2023_x86_64_STANDARD",
      capacity_type: "ON_DEMAND",
      instance_types: ["t3.large"],
      launch_template: { id: `\${${template}.id}`, version: `\${${template}.latest_version}` },
      labels: { "node-pool": "general", "node-pool-kind": expect.stringMatching(/^[0-9a-f]{16}$/) },
      taint: [],
      scaling_config: { min_size: 2, desired_size: initialSize, max_size: 10 },
      update_config: { max_unavailable_percentage: 33 },
      node_repair_config: { enabled: true },
      tags: {
        "k8s.io/cluster-autoscaler/node-template/resources/cpu": "1930m",
        "k8s.io/cluster-autoscaler/node-template/resources/ephemeral-storage": "44595Mi",
        "k8s.io/cluster-autoscaler/node-template/resources/memory": "6878Mi",
        "k8s.io/cluster-autoscaler/node-template/resources/pods": "35",
      },
      lifecycle: {
        create_before_destroy: true,
        ignore_changes: ["scaling_config[0].desired_size"],
        postcondition: sizeConditions("general", dynamic(2, 10), "us-west-2").map(({ condition, errorMessage }) => ({
          condition,
          error_message: errorMessage,
        })),
      },
      depends_on: [
        ...policies.map((policy) => made.address("aws_iam_role_policy_attachment", `node-role_${policy}_`)),
        "aws_kms_key.route",
        "aws_kms_key.addon",
      ],
    });
    expect(made.one("aws_kms_key", "pods").depends_on).toEqual([made.address("aws_eks_node_group")]);
  });

  test("is its pool, in EKS's words", () => {
    expect(nodeGroup(executor).one("aws_eks_node_group")).toMatchObject({
      capacity_type: "SPOT",
      instance_types: ["c5.2xlarge", "c5a.2xlarge"],
      labels: {
        "workload-type": "executor",
        "node-pool": "executor",
        "node-pool-kind": expect.stringMatching(/^[0-9a-f]{16}$/),
      },
      taint: [{ key: "workload-type", value: "executor", effect: "NO_SCHEDULE" }],
      scaling_config: { min_size: 0, desired_size: initialSize, max_size: 50 },
    });
  });

  test("boots the release of its image that is pinned for the cluster's minor, or the given one", () => {
    expect(nodeGroup().one("aws_eks_node_group")).toMatchObject({
      version: "1.35",
      release_version: kubernetesMinors["1.35"]?.nodeReleaseVersion,
    });
    const releaseOf = (props: object) => nodeGroup({}, props).one("aws_eks_node_group").release_version;
    expect(releaseOf({ releaseVersion: "1.35.9-20261101" })).toBe("1.35.9-20261101");
    expect(releaseOf({ cluster: { ...testCluster, kubernetesVersion: "1.99" } })).toBeUndefined();
  });

  test("boots NVIDIA's image where the pool has GPUs", () => {
    const made = nodeGroup({ instanceTypes: ["g4dn.xlarge"], gpu: true });
    expect(made.one("aws_eks_node_group").ami_type).toBe("AL2023_x86_64_NVIDIA");
  });

  test.each<[string, Capacity, string[] | undefined]>([
    ["dynamic", dynamic(2, 20), ["scaling_config[0].desired_size"]],
    ["from zero", fromZero(50), ["scaling_config[0].desired_size"]],
    ["fixed", fixed(5), undefined],
  ])("of %s capacity leaves the desired size to the autoscaler only where it decides", (_, capacity, ignored) => {
    const { lifecycle } = nodeGroup({ capacity }).one("aws_eks_node_group");
    expect(lifecycle.ignore_changes).toEqual(ignored);
    // Where Terraform keeps the size, it changes together with its limits.
    expect(lifecycle.postcondition?.length).toBe(ignored === undefined ? undefined : 2);
  });

  test("has encrypted disks that are deleted with their nodes, and a metadata service that pods cannot reach", () => {
    const tags = { Name: "test-platform-general", Environment: "test" };
    expect(nodeGroup({ volumeSizeGiB: 64 }).one("aws_launch_template")).toEqual({
      name_prefix: "general-",
      description: "Nodes of the general pool",
      update_default_version: true,
      metadata_options: { http_endpoint: "enabled", http_tokens: "required", http_put_response_hop_limit: 1 },
      block_device_mappings: [
        {
          device_name: "/dev/xvda",
          ebs: { volume_type: "gp3", volume_size: 64, encrypted: "true", delete_on_termination: "true" },
        },
      ],
      tag_specifications: [
        { resource_type: "instance", tags },
        { resource_type: "volume", tags },
        { resource_type: "network-interface", tags },
      ],
      tags,
      lifecycle: { create_before_destroy: true },
    });
  });

  test("puts a tag on its auto scaling group for every label, taint and resource", () => {
    const made = nodeGroup(executor);
    const tags = made.all("aws_autoscaling_group_tag");
    const name = `\${${made.address("aws_eks_node_group")}.resources[0].autoscaling_groups[0].name}`;
    expect(tags.every((tag) => tag.autoscaling_group_name === name && tag.tag.propagate_at_launch === false)).toBe(
      true,
    );
    expect(tags.every(({ lifecycle }) => lifecycle.create_before_destroy === true)).toBe(true);
    expect(Object.fromEntries(tags.map(({ tag }) => [tag.key, tag.value]))).toEqual({
      "k8s.io/cluster-autoscaler/node-template/label/workload-type": "executor",
      "k8s.io/cluster-autoscaler/node-template/label/node-pool": "executor",
      "k8s.io/cluster-autoscaler/node-template/label/node-pool-kind": expect.stringMatching(/^[0-9a-f]{16}$/),
      "k8s.io/cluster-autoscaler/node-template/taint/workload-type": "executor:NoSchedule",
      "k8s.io/cluster-autoscaler/node-template/resources/cpu": "7910m",
      "k8s.io/cluster-autoscaler/node-template/resources/memory": "14244Mi",
      "k8s.io/cluster-autoscaler/node-template/resources/ephemeral-storage": "44595Mi",
      "k8s.io/cluster-autoscaler/node-template/resources/pods": "58",
    });
  });

  test("has an address for each tag of its auto scaling group that the tag's key decides alone", () => {
    const tag = { key: "example.com/team_a.b", effect: "NoSchedule" as const };
    const made = nodeGroup({ labels: { "example.com/tier": "web" }, taints: [tag] });
    const ids = made.addresses
      .filter((address) => address.startsWith("aws_autoscaling_group_tag."))
      .map((address) => address.replace(/^aws_autoscaling_group_tag\.pool_tag-(.*)_[0-9A-F]{8}$/, "$1"));
    expect(ids.sort()).toEqual([
      "label-example-com-tier",
      "label-node-pool",
      "label-node-pool-kind",
      "resources-cpu",
      "resources-ephemeral-storage",
      "resources-memory",
      "resources-pods",
      "taint-example-com-team-a-b",
    ]);
  });

  test("has a tag for each of several labels that differ in their signs only", () => {
    const keys = ["a.b", "a_b", "a-b", "a/b", "a.-b", "a._b", "a-.b"];
    const made = nodeGroup({ labels: Object.fromEntries(keys.map((key) => [key, "v"])) });
    const tags = made.all("aws_autoscaling_group_tag").map(({ tag }) => tag.key);
    const prefix = "k8s.io/cluster-autoscaler/node-template/label/";
    expect(tags).toEqual(expect.arrayContaining(keys.map((key) => `${prefix}${key}`)));
  });

  test("starts in the zones of its pool only", () => {
    const subnets = (availabilityZones: string[]) =>
      nodeGroup({ availabilityZones }).one("aws_eks_node_group").subnet_ids;
    expect(subnets(["us-west-2b"])).toEqual(["subnet-0b"]);
    expect(subnets(["us-west-2b", "us-west-2a"])).toEqual(["subnet-0b", "subnet-0a"]);
  });

  test("refuses a zone without a subnet", () => {
    expect(messageOf(() => nodeGroup({ availabilityZones: ["us-west-2d"] }))).toBe(
      'node group "general" has 1 problem:\n  - availabilityZones[0] must be us-west-2a or us-west-2b, got "us-west-2d": use one of these, or add a subnet in this zone to the network',
    );
  });
});

test("a node's role can be taken by EC2 alone, and has two managed policies", () => {
  const made = nodeGroup();
  const { name_prefix, description, assume_role_policy } = made.one("aws_iam_role");
  expect([name_prefix, description]).toEqual(["test-node-", "EKS nodes"]);
  expect(JSON.parse(assume_role_policy)).toEqual({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: ["sts:AssumeRole"] }],
  });
  expect(made.all("aws_iam_role_policy_attachment")).toEqual(
    [...policies].sort().map((policy) => ({
      role: `\${${made.address("aws_iam_role")}.name}`,
      policy_arn: `arn:aws:iam::aws:policy/${policy}`,
    })),
  );
  expect(made.all("aws_iam_role_policy")).toEqual([]);
});

test("a node's role manages network interfaces only where the CNI has no role of its own", () => {
  const made = synthesize(
    (stack) => new NodeRole(stack, "role", { name: "test", cluster: testCluster, attachCniPolicy: true }),
  );
  expect(made.all("aws_iam_role_policy_attachment").map(({ policy_arn }) => policy_arn)).toEqual(
    [...policies, "AmazonEKS_CNI_Policy"].sort().map((policy) => `arn:aws:iam::aws:policy/${policy}`),
  );
});
