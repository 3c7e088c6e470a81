import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { addonNames, ClusterAddons } from "../../../constructs/cluster/cluster-addons.ts";
import {
  addonVersions,
  addonVersionsOf,
  kubernetesVersionProblems,
} from "../../../constructs/cluster/kubernetes-versions.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";
import { testCluster } from "../../support/fixtures.ts";
import { synthesize } from "../../support/synthesized.ts";

function addons() {
  return synthesize((stack) => {
    // Stands in for a node group: what counts is the order.
    const nodes = new IamRole(stack, "nodes", { assumeRolePolicy: "{}" });
    const made = new ClusterAddons(stack, "addons", {
      cluster: testCluster,
      region: "us-west-2",
      name: "test",
      versions: addonVersionsOf("1.35"),
      volumeTags: { Environment: "test" },
    });
    made.addAfterNodes([nodes]);
    nodes.dependsOn = made.beforeNodes.map((addon) => addon.fqn);
  });
}

describe("cluster add-ons", () => {
  test("are six, each in its pinned version, and win over changes made by hand", () => {
    const made = addons().all("aws_eks_addon");
    expect(Object.fromEntries(made.map((addon) => [addon.addon_name, addon.addon_version]))).toEqual(
      addonVersions["1.35"],
    );
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
    expect(addons().one("aws_iam_role", "nodes").depends_on).toHaveLength(3);
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
    expect(made.one("aws_eks_pod_identity_association")).toMatchObject({
      namespace: "kube-system",
      service_account: "ebs-csi-controller-sa",
    });
    expect(made.one("aws_iam_role_policy_attachment").policy_arn).toBe(
      "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy",
    );
    const driver = made.one("aws_eks_addon", "addons_aws-ebs-csi-driver_");
    expect(driver.depends_on).toEqual(
      expect.arrayContaining([
        made.address("aws_eks_pod_identity_association"),
        made.address("aws_iam_role_policy_attachment"),
      ]),
    );
    expect(JSON.parse(driver.configuration_values)).toEqual({
      controller: { extraVolumeTags: { Environment: "test" } },
    });
  });
});

describe("a Kubernetes minor", () => {
  const messages = (...[version, overrides]: Parameters<typeof kubernetesVersionProblems>) =>
    kubernetesVersionProblems(version, overrides).map(describeProblem);

  test("is accepted when its autoscaler and add-ons are known", () => {
    expect(messages("1.35")).toEqual([]);
  });

  test("is refused when the autoscaler has no release for it", () => {
    expect(messages("1.31")).toEqual([
      'kubernetesVersion is a minor without a cluster autoscaler: got "1.31", allowed is 1.33, 1.34, 1.35 or 1.36; use "1.35", or add its image to clusterAutoscalerImageTags',
    ]);
  });

  test("needs add-on versions where the table has none, and is accepted with all of them", () => {
    expect(messages("1.36", { coredns: "v1.14.3-eksbuild.3" })).toEqual([
      'kubernetesVersion is a minor whose add-on versions are not known here: got "1.36", allowed is 1.35, or any other with cluster.addonVersions; add cluster.addonVersions for vpc-cni, kube-proxy, eks-pod-identity-agent, metrics-server, aws-ebs-csi-driver (aws eks describe-addon-versions --kubernetes-version 1.36)',
    ]);
    const all = Object.fromEntries(addonNames.map((name) => [name, "v1"]));
    expect(messages("1.36", all)).toEqual([]);
    expect(addonVersionsOf("1.36", all)).toEqual(all);
  });

  test("takes single add-ons in another version", () => {
    expect(addonVersionsOf("1.35", { coredns: "v1.14.3-eksbuild.3" })).toEqual({
      ...addonVersions["1.35"],
      coredns: "v1.14.3-eksbuild.3",
    });
  });
});
