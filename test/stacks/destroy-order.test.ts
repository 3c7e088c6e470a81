import { Testing } from "cdktf";
import { dev, prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { PlatformStack } from "../../stacks/platform-stack.ts";
import { DestroyOrder } from "../support/destroy-order.ts";
import { devWithExecutors } from "../support/executors.ts";
import { devWith, resolved } from "../support/fixtures.ts";
import { devWithIngress } from "../support/ingress.ts";
import { Synthesized } from "../support/synthesized.ts";

const withEndpoints = devWith({
  network: {
    cidrBlock: "10.0.0.0/16",
    interfaceEndpoints: ["ecr.api", "ecr.dkr", "sts", "eks", "eks-auth", "autoscaling", "ec2"],
  },
});

/** Resources that a node needs until its last pod is gone, and the reasons. */
const neededByNodes: readonly [pattern: RegExp, why: string][] = [
  [/^aws_(vpc|subnet|route|route_table|route_table_association)\.network_(vpc|private)/, "addresses and routes"],
  [/^aws_(eip|nat_gateway)\./, "way out"],
  [
    /^aws_(internet_gateway|subnet|route|route_table|route_table_association)\.network_(internet|public)/,
    "NAT's way out",
  ],
  [/^aws_(vpc_endpoint|security_group|vpc_security_group_ingress_rule)\.network_endpoints_/, "way to AWS services"],
  [/^aws_eks_cluster\./, "the API it is drained through"],
  [
    /^aws_(iam_role|iam_role_policy|iam_role_policy_attachment|kms_key|cloudwatch_log_group)\.cluster_/,
    "the cluster's",
  ],
  [/^aws_eks_addon\.addons_(vpc-cni|kube-proxy|eks-pod-identity-agent)_/, "pods' network and credentials"],
  [/^aws_(iam_role|iam_role_policy_attachment)\.node-role_/, "the node's own permissions"],
  [
    /^aws_(iam_role|iam_role_policy_attachment|eks_pod_identity_association)\.addons_vpc-cni-identity_/,
    "the CNI, which returns network interfaces",
  ],
  [/^aws_(iam_role|iam_role_policy|eks_pod_identity_association)\.worker-identity-/, "drained workers write results"],
  [/^aws_(iam_role|iam_role_policy|eks_pod_identity_association)\.executor-identity-/, "drained executors write, too"],
  [/^aws_sqs_\w+\.queue-/, "where they send what is left"],
  [/^aws_s3_bucket\.results_/, "where they write them"],
];

/** Resources that no node needs. Terraform may destroy them before, with or after the nodes. */
const unrelatedToNodes: readonly RegExp[] = [
  /^aws_default_security_group\./,
  /^aws_\w+\.network_flow-logs_/,
  /^aws_kms_alias\./,
  // Records of the state.
  /^terraform_data\.(cluster_zones_|deletion-protection$)/,
  // People's access, and that of the stacks destroyed before this one.
  /^aws_eks_access_(entry|policy_association)\./,
  /^aws_(iam_role|iam_role_policy|eks_pod_identity_association)\.(cluster-autoscaler|keda|api|load-balancer)-identity_/,
  // The load balancer is gone with the stack of the workload.
  /^aws_(security_group|vpc_security_group_(in|e)gress_rule)\.load-balancer_/,
  /^aws_(iam_role|iam_role_policy_attachment|eks_pod_identity_association)\.addons_aws-ebs-csi-driver-identity_/,
  /^aws_(ecr_repository|ecr_lifecycle_policy)\./,
  /^aws_s3_bucket_\w+\.results_/,
  /^aws_budgets_budget\./,
];

/** Resources that run on nodes or describe them, and are destroyed before them. */
const goneBeforeNodes: readonly RegExp[] = [
  // It refuses before anything is gone.
  /^terraform_data\.deletion-protection$/,
  /^aws_autoscaling_group_tag\./,
  /^aws_eks_addon\.addons_(coredns|metrics-server|aws-ebs-csi-driver)_/,
];

describe.each<[string, Environment]>([
  ["dev", dev],
  ["prod", prod],
  ["an environment with endpoints", withEndpoints],
  ["an environment with executors", devWithExecutors],
  ["an environment with an entry from outside", devWithIngress()],
])("destroying %s", (_, environment) => {
  const made = Synthesized.of(
    new PlatformStack(Testing.app(), `${environment.name}-platform`, { environment: resolved(environment) }),
  );
  const order = new DestroyOrder(made);
  const nodeGroups = made.addresses.filter((address) => address.startsWith("aws_eks_node_group."));
  const general = made.address("aws_eks_node_group", "pool-general_");
  const matching = (patterns: readonly RegExp[]) =>
    made.addresses.filter((address) => patterns.some((pattern) => pattern.test(address)));

  test.each(neededByNodes.map(([pattern, why]) => [why, pattern] as const))(
    "keeps everything for %s until every node is gone",
    (_why, pattern) => {
      const kept = matching([pattern]);
      const early = nodeGroups.flatMap((group) =>
        kept.filter((address) => !order.destroysBefore(group, address)).map((address) => `${address} before ${group}`),
      );
      expect(early).toEqual([]);
    },
  );

  test("knows of every resource whether nodes need it", () => {
    const classified = new Set([
      ...matching(neededByNodes.map(([pattern]) => pattern)),
      ...matching(unrelatedToNodes),
      ...matching(goneBeforeNodes),
      ...nodeGroups,
      ...matching([/^aws_launch_template\./]),
    ]);
    expect(made.addresses.filter((address) => !classified.has(address))).toEqual([]);
  });

  test("removes add-ons of the general pool and tags of a group before the nodes", () => {
    for (const address of matching(goneBeforeNodes)) {
      const group = nodeGroups.filter((candidate) => order.destroysBefore(address, candidate));
      expect([address, group.length > 0]).toEqual([address, true]);
    }
    for (const addon of matching([/^aws_eks_addon\.addons_(coredns|metrics-server|aws-ebs-csi-driver)_/])) {
      expect([addon, order.destroysBefore(addon, general)]).toEqual([addon, true]);
    }
  });

  test("drains the machines of evaluations while the services they report to still run", () => {
    for (const group of nodeGroups.filter((address) => address !== general)) {
      expect([group, order.destroysBefore(group, general)]).toEqual([group, true]);
    }
  });

  test("takes each launch template away after the group that boots from it", () => {
    for (const group of nodeGroups) {
      const template = group.replace("aws_eks_node_group.", "").replace(/_node-group_.*/, "_");
      expect(order.destroysBefore(group, made.address("aws_launch_template", template))).toBe(true);
    }
  });

  test("never waits in a circle", () => {
    for (const address of made.addresses) {
      expect([address, order.destroysBefore(address, address)]).toEqual([address, false]);
    }
  });
});
