import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import type { ICluster } from "../../../constructs/cluster/cluster.ts";
import { NodeAddons, WorkloadAddons } from "../../../constructs/cluster/cluster-addons.ts";
import { addonNames, type ClusterAddonsOptions } from "../../../constructs/cluster/kubernetes-versions.ts";
import { testCluster } from "../../support/fixtures.ts";
import { messageOf, type Synthesized, synthesize } from "../../support/synthesized.ts";

function addons(options: ClusterAddonsOptions = {}, cluster: ICluster = testCluster) {
  return synthesize((stack) => {
    const node = new NodeAddons(stack, "addons", { cluster, name: "test", ...options });
    // Stands in for a node group: the test is about the order.
    const nodes = new IamRole(stack, "nodes", { assumeRolePolicy: "{}", dependsOn: [...node.dependables] });
    new WorkloadAddons(node, "Default", {
      cluster,
      ...options,
      name: "test",
      volumeTags: { Environment: "test" },
      dependsOn: [nodes],
    });
  });
}

/** A service account of kube-system has a policy of AWS, and a resource waits for both. */
function expectIdentityBefore(
  resource: { readonly depends_on?: readonly string[] },
  made: Synthesized,
  addon: string,
  serviceAccount: string,
  policy: string,
): void {
  const identity = `addons_${addon}-identity_`;
  expect(made.one("aws_eks_pod_identity_association", identity)).toMatchObject({
    namespace: "kube-system",
    service_account: serviceAccount,
  });
  expect(made.one("aws_iam_role_policy_attachment", identity).policy_arn).toBe(`arn:aws:iam::aws:policy/${policy}`);
  expect(resource.depends_on).toEqual(
    expect.arrayContaining([
      made.address("aws_eks_pod_identity_association", identity),
      made.address("aws_iam_role_policy_attachment", identity),
    ]),
  );
}

describe("cluster add-ons", () => {
  test("are six, each in the pinned version or its own, and win over changes made by hand", () => {
    const made = addons({ addonVersions: { coredns: "v1.14.3-eksbuild.3", "vpc-cni": undefined } }).all(
      "aws_eks_addon",
    );
    expect(Object.fromEntries(made.map((addon) => [addon.addon_name, addon.addon_version]))).toEqual({
      "vpc-cni": "v1.22.3-eksbuild.1",
      "kube-proxy": "v1.35.3-eksbuild.18",
      "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
      coredns: "v1.14.3-eksbuild.3",
      "metrics-server": "v0.9.0-eksbuild.5",
      "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
    });
    for (const addon of made) {
      expect(addon).toMatchObject({
        resolve_conflicts_on_create: "OVERWRITE",
        resolve_conflicts_on_update: "OVERWRITE",
      });
    }
  });

  test.each(["vpc-cni", "kube-proxy", "eks-pod-identity-agent"])("install %s without waiting for a node", (name) => {
    expect(addons().one("aws_eks_addon", `addons_${name}_`)).not.toHaveProperty("depends_on");
  });

  test("put the CNI, kube-proxy and the Pod Identity agent before the first node", () => {
    const made = addons();
    expect(made.one("aws_iam_role", "nodes").depends_on).toEqual(
      expect.arrayContaining(
        ["vpc-cni_", "kube-proxy_", "eks-pod-identity-agent_"].map((name) =>
          made.address("aws_eks_addon", `addons_${name}`),
        ),
      ),
    );
  });

  test.each(["coredns", "metrics-server", "aws-ebs-csi-driver"])("install %s when there are nodes for it", (name) => {
    expect(addons().one("aws_eks_addon", `addons_${name}_`).depends_on).toContain("aws_iam_role.nodes");
  });

  test("leave the CNI and CoreDNS running until the last node is gone", () => {
    const preserved = addons()
      .all("aws_eks_addon")
      .filter((addon) => addon.preserve === true);
    expect(preserved.map((addon) => addon.addon_name).sort()).toEqual(["coredns", "vpc-cni"]);
  });

  test("enforce network policies", () => {
    const { configuration_values } = addons().one("aws_eks_addon", "addons_vpc-cni_");
    expect(JSON.parse(configuration_values)).toEqual({ enableNetworkPolicy: "true" });
  });

  test("give the EBS CSI driver an identity of its own before its first pod, and tags for its volumes", () => {
    const made = addons();
    const driver = made.one("aws_eks_addon", "addons_aws-ebs-csi-driver_");
    expectIdentityBefore(
      driver,
      made,
      "aws-ebs-csi-driver",
      "ebs-csi-controller-sa",
      "AmazonEBSCSIDriverEKSClusterScopedPolicy",
    );
    expect(JSON.parse(driver.configuration_values)).toEqual({
      controller: { extraVolumeTags: { Environment: "test" } },
    });
  });

  test("give the CNI a role of its own, which outlives the nodes", () => {
    const made = addons();
    expectIdentityBefore(made.one("aws_iam_role", "nodes"), made, "vpc-cni", "aws-node", "AmazonEKS_CNI_Policy");
  });

  test("take the versions of a Kubernetes minor that nobody pinned, and need all of them", () => {
    const cluster = { ...testCluster, kubernetesVersion: "1.37" };
    const addonVersions = Object.fromEntries(addonNames.map((name) => [name, "v1"]));
    expect(addons({ addonVersions }, cluster).all("aws_eks_addon")).toHaveLength(6);
    for (const name of addonNames) {
      expect(messageOf(() => addons({ addonVersions: { ...addonVersions, [name]: undefined } }, cluster))).toMatch(
        `add-on ${name} has 1 problem:\n  - addonVersions.${name} must be given`,
      );
    }
  });
});
