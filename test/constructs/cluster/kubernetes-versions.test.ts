import { addonNames } from "../../../constructs/cluster/cluster-addons.ts";
import {
  addonVersions,
  addonVersionsOf,
  clusterAutoscalerImageTags,
  kubernetesVersionProblems,
} from "../../../constructs/cluster/kubernetes-versions.ts";

/** The versions of EKS's defaults for Kubernetes 1.35, as the table's comment says. */
const versionsOf135 = {
  "vpc-cni": "v1.22.3-eksbuild.1",
  "kube-proxy": "v1.35.3-eksbuild.18",
  "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
  coredns: "v1.13.2-eksbuild.11",
  "metrics-server": "v0.9.0-eksbuild.5",
  "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
};

describe("the pinned versions", () => {
  test("of add-ons are these, for each Kubernetes minor that has any", () => {
    expect(addonVersions).toEqual({ "1.35": versionsOf135 });
    expect(addonVersionsOf("1.35")).toEqual(versionsOf135);
    expect([...addonNames].sort()).toEqual(Object.keys(versionsOf135).sort());
  });

  test("of the cluster autoscaler are these, each for its own minor", () => {
    expect(clusterAutoscalerImageTags).toEqual({
      "1.33": "v1.33.6",
      "1.34": "v1.34.5",
      "1.35": "v1.35.2",
      "1.36": "v1.36.1",
    });
  });

  test("give way to an environment's own, one by one", () => {
    expect(addonVersionsOf("1.35", { coredns: "v1.14.3-eksbuild.3", "vpc-cni": undefined })).toEqual({
      ...versionsOf135,
      coredns: "v1.14.3-eksbuild.3",
    });
  });
});

describe("a Kubernetes minor", () => {
  const refused = (...args: Parameters<typeof kubernetesVersionProblems>) =>
    kubernetesVersionProblems(...args).map(({ path, got }) => [path, got]);
  const all = Object.fromEntries(addonNames.map((name) => [name, "v1"]));

  test("is accepted with every version known here or given, and never without an autoscaler", () => {
    expect(refused("1.35")).toEqual([]);
    expect(refused("1.36", all)).toEqual([]);
    expect(refused("1.36")).toEqual([[["kubernetesVersion"], '"1.36"']]);
    expect(refused("1.32", all)).toEqual([[["kubernetesVersion"], '"1.32"']]);
    expect(refused("toString", all)).toEqual([[["kubernetesVersion"], '"toString"']]);
  });

  test("with one add-on missing names that one, and the command that lists its versions", () => {
    const { coredns: _, ...others } = all;
    const [problem] = kubernetesVersionProblems("1.36", others);
    expect(problem?.fix).toContain("coredns");
    expect(problem?.fix).not.toContain("vpc-cni");
    expect(problem?.fix).toContain("aws eks describe-addon-versions --kubernetes-version 1.36");
  });

  test("without versions is a mistake in this repository by the time a stack is made", () => {
    expect(() => addonVersionsOf("1.36")).toThrow("no version of vpc-cni is known for Kubernetes 1.36");
  });
});
