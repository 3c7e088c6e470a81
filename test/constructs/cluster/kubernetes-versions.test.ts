import {
  addonNames,
  addonVersion,
  kubernetesMinors,
  kubernetesVersionProblems,
} from "../../../constructs/cluster/kubernetes-versions.ts";
import { describeProblem } from "../../../constructs/support/problems.ts";

/** EKS's default versions for Kubernetes 1.35. */
const versionsOf135 = {
  "vpc-cni": "v1.22.3-eksbuild.1",
  "kube-proxy": "v1.35.3-eksbuild.18",
  "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
  coredns: "v1.13.2-eksbuild.11",
  "metrics-server": "v0.9.0-eksbuild.5",
  "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
};
const allVersions = { ...versionsOf135, "kube-proxy": "v1.36.1-eksbuild.1" };

test("the pinned versions of each Kubernetes minor are these", () => {
  expect(kubernetesMinors).toEqual({
    "1.33": { clusterAutoscalerImageTag: "v1.33.6", nodeReleaseVersion: "1.33.13-20260714" },
    "1.34": { clusterAutoscalerImageTag: "v1.34.5", nodeReleaseVersion: "1.34.11-20260930" },
    "1.35": {
      clusterAutoscalerImageTag: "v1.35.2",
      nodeReleaseVersion: "1.35.8-20260930",
      addonVersions: versionsOf135,
    },
    "1.36": { clusterAutoscalerImageTag: "v1.36.1", nodeReleaseVersion: "1.36.4-20260930" },
  });
  expect([...addonNames].sort()).toEqual(Object.keys(versionsOf135).sort());
});

test("an add-on has the version of the option, or else the pinned one", () => {
  const options = { coredns: "v1.14.3-eksbuild.3", "vpc-cni": undefined };
  expect(addonVersion("coredns", "1.35", options)).toBe("v1.14.3-eksbuild.3");
  expect(addonVersion("vpc-cni", "1.35", options)).toBe("v1.22.3-eksbuild.1");
  expect(addonVersion("kube-proxy", "1.35")).toBe("v1.35.3-eksbuild.18");
});

const corednsIsMissing =
  "addonVersions.coredns must be given, since kubernetesMinors pins no version for Kubernetes 1.36, got nothing: " +
  "use a version that aws eks describe-addon-versions --kubernetes-version 1.36 --addon-name coredns lists";

test("an add-on without any version is refused, with the command that lists versions", () => {
  expect(() => addonVersion("coredns", "1.36")).toThrow(`add-on coredns has 1 problem:\n  - ${corednsIsMissing}`);
  expect(() => addonVersion("coredns", "1.37", { "vpc-cni": "v1" })).toThrow("Kubernetes 1.37");
});

describe("a Kubernetes minor", () => {
  const messages = (...minor: Parameters<typeof kubernetesVersionProblems>) =>
    kubernetesVersionProblems(...minor).map(describeProblem);

  test("is accepted when its add-ons are pinned, with other versions of some of them, too", () => {
    expect(messages("1.35")).toEqual([]);
    expect(messages("1.35", { coredns: "v1.14.3-eksbuild.3", "vpc-cni": undefined })).toEqual([]);
  });

  test("without pinned add-ons is accepted with the versions of all of them", () => {
    expect(messages("1.36", allVersions)).toEqual([]);
    expect(messages("1.36", { ...allVersions, coredns: undefined })).toEqual([corednsIsMissing]);
    expect(kubernetesVersionProblems("1.36").map(({ path }) => path)).toEqual(
      addonNames.map((name) => ["addonVersions", name]),
    );
  });

  test("needs an EBS CSI driver whose volumes the driver's role covers", () => {
    const driver = (version: string) => messages("1.35", { "aws-ebs-csi-driver": version });
    for (const version of ["v1.58.0-eksbuild.1", "v1.63.1-eksbuild.1", "v2.0.0-eksbuild.1"]) {
      expect(driver(version)).toEqual([]);
    }
    expect(driver("v1.57.1-eksbuild.1")).toEqual([
      'addonVersions.aws-ebs-csi-driver must be v1.58.0 or newer, got "v1.57.1-eksbuild.1": older ones do not tag volumes with the cluster\'s name, and their role covers no others, so use one that aws eks describe-addon-versions --kubernetes-version 1.35 --addon-name aws-ebs-csi-driver lists',
    ]);
  });

  test.each(["1.32", "1.37", "toString", ""])("%j is refused, since it has no cluster autoscaler here", (version) => {
    expect(messages(version, allVersions)).toEqual([
      `kubernetesVersion must be 1.33, 1.34, 1.35 or 1.36, got "${version}": use "1.35", or add the versions for this minor to kubernetesMinors`,
    ]);
  });
});
