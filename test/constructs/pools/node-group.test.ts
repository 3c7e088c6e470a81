import { type Capacity, dynamic, fixed, fromZero } from "../../../constructs/pools/capacity.ts";
import { NodeGroup } from "../../../constructs/pools/node-group.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import type { NodePoolProps } from "../../../constructs/pools/node-pool-options.ts";
import { NodeRole } from "../../../constructs/pools/node-role.ts";
import { testCluster, testNetwork } from "../../support/fixtures.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

function nodeGroup(props: Partial<NodePoolProps> = {}) {
  return synthesize((stack) => {
    const nodeRole = new NodeRole(stack, "node-role", { name: "test", cluster: testCluster });
    new NodeGroup(stack, "pool", {
      cluster: testCluster,
      network: testNetwork,
      nodeRole,
      pool: new NodePool({
        name: "executor",
        instanceTypes: ["c5.2xlarge", "c5a.2xlarge"],
        capacity: fromZero(50),
        capacityType: "SPOT",
        labels: { "workload-type": "executor" },
        taints: [{ key: "workload-type", value: "executor", effect: "NoSchedule" }],
        ...props,
      }),
      instanceTags: { Environment: "test" },
      dependsOn: [],
    });
  });
}

describe("a node group", () => {
  test("is its pool, in EKS's words", () => {
    expect(nodeGroup().one("aws_eks_node_group")).toMatchObject({
      node_group_name_prefix: "executor-",
      ami_type: "AL2023_x86_64_STANDARD",
      capacity_type: "SPOT",
      instance_types: ["c5.2xlarge", "c5a.2xlarge"],
      version: "1.35",
      subnet_ids: ["subnet-0a", "subnet-0b"],
      labels: { "workload-type": "executor", "node-pool": "executor" },
      taint: [{ key: "workload-type", value: "executor", effect: "NO_SCHEDULE" }],
      scaling_config: { min_size: 0, desired_size: 0, max_size: 50 },
      update_config: { max_unavailable_percentage: 33 },
      node_repair_config: { enabled: true },
    });
  });

  test("boots NVIDIA's image where the pool has GPUs", () => {
    const made = nodeGroup({ instanceTypes: ["g4dn.xlarge"], gpu: true });
    expect(made.one("aws_eks_node_group").ami_type).toBe("AL2023_x86_64_NVIDIA");
  });

  test("is replaced by a new one before the old one goes, under a name of its own", () => {
    const made = nodeGroup();
    expect(made.one("aws_eks_node_group").lifecycle.create_before_destroy).toBe(true);
    expect(made.one("aws_eks_node_group")).not.toHaveProperty("node_group_name");
    expect(made.one("aws_launch_template")).toMatchObject({
      name_prefix: "executor-",
      lifecycle: { create_before_destroy: true },
    });
  });

  test.each<[string, Capacity, string[] | undefined]>([
    ["dynamic", dynamic(2, 20), ["scaling_config[0].desired_size"]],
    ["from zero", fromZero(50), ["scaling_config[0].desired_size"]],
    ["fixed", fixed(5), undefined],
  ])("of %s capacity leaves the desired size to the autoscaler only where it decides", (_, capacity, ignored) => {
    expect(nodeGroup({ capacity }).one("aws_eks_node_group").lifecycle.ignore_changes).toEqual(ignored);
  });

  test("has machines whose credentials pods cannot reach and whose disks are encrypted", () => {
    expect(nodeGroup({ volumeSizeGiB: 100 }).one("aws_launch_template")).toMatchObject({
      metadata_options: { http_endpoint: "enabled", http_tokens: "required", http_put_response_hop_limit: 1 },
      block_device_mappings: [
        { device_name: "/dev/xvda", ebs: { volume_type: "gp3", volume_size: 100, encrypted: "true" } },
      ],
    });
  });

  test("tags machines, disks and network interfaces, which EKS would leave untagged", () => {
    const tags = { Name: "test-platform-executor", Environment: "test" };
    expect(nodeGroup().one("aws_launch_template").tag_specifications).toEqual([
      { resource_type: "instance", tags },
      { resource_type: "volume", tags },
      { resource_type: "network-interface", tags },
    ]);
  });

  test("uses the launch template by number, not $Latest, which would differ in every plan", () => {
    const made = nodeGroup();
    const template = made.address("aws_launch_template");
    expect(made.one("aws_eks_node_group").launch_template).toEqual({
      id: `\${${template}.id}`,
      version: `\${${template}.latest_version}`,
    });
  });

  test("puts a tag on its auto scaling group for every label, taint and resource", () => {
    const made = nodeGroup();
    const tags = made.all("aws_autoscaling_group_tag");
    const name = `\${${made.address("aws_eks_node_group")}.resources[0].autoscaling_groups[0].name}`;
    expect(tags.every((tag) => tag.autoscaling_group_name === name && tag.tag.propagate_at_launch === false)).toBe(
      true,
    );
    expect(Object.fromEntries(tags.map(({ tag }) => [tag.key, tag.value]))).toEqual({
      "k8s.io/cluster-autoscaler/node-template/label/workload-type": "executor",
      "k8s.io/cluster-autoscaler/node-template/label/node-pool": "executor",
      "k8s.io/cluster-autoscaler/node-template/taint/workload-type": "executor:NoSchedule",
      "k8s.io/cluster-autoscaler/node-template/resources/cpu": "7910m",
      "k8s.io/cluster-autoscaler/node-template/resources/memory": "14244Mi",
      "k8s.io/cluster-autoscaler/node-template/resources/ephemeral-storage": "44595Mi",
    });
  });

  test("stays in the zones its pool names", () => {
    expect(nodeGroup({ availabilityZones: ["us-west-2b"] }).one("aws_eks_node_group").subnet_ids).toEqual([
      "subnet-0b",
    ]);
  });

  test("refuses a zone without a subnet", () => {
    expect(messageOf(() => nodeGroup({ availabilityZones: ["us-west-2d"] }))).toBe(
      'node group "executor" has 1 problem:\n  - availabilityZones[0] must be us-west-2a or us-west-2b, got "us-west-2d": use one of these, or add a subnet in this zone to the network',
    );
  });
});

describe("a node's role", () => {
  test("joins, gives pods addresses, pulls images, and nothing else", () => {
    const attached = nodeGroup().all("aws_iam_role_policy_attachment");
    expect(attached.map((attachment) => attachment.policy_arn).sort()).toEqual([
      "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
      "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
      "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
    ]);
    expect(nodeGroup().all("aws_iam_role_policy")).toEqual([]);
  });

  test("keeps its permissions until its nodes are gone", () => {
    const made = nodeGroup();
    const attachments = made.addresses.filter((address) => address.startsWith("aws_iam_role_policy_attachment"));
    expect(made.one("aws_eks_node_group").depends_on).toEqual(expect.arrayContaining(attachments));
  });
});
