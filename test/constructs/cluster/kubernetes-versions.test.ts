import {
  addonNames,
  addonVersion,
  kubernetesMinors,
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

test("the pinned versions of each Kubernetes minor are these", () => {
  expect(kubernetesMinors).toEqual({
    "1.35": { clusterAutoscalerImageTag: "v1.35.2", addonVersions: versionsOf135 },
  });
  expect([...addonNames].sort()).toEqual(Object.keys(versionsOf135).sort());
});

test("an add-on has the version of the option, or else the pinned one", () => {
  const options = { coredns: "v1.14.3-eksbuild.3", "vpc-cni": undefined };
  expect(addonVersion("coredns", "1.35", options)).toBe("v1.14.3-eksbuild.3");
  expect(addonVersion("vpc-cni", "1.35", options)).toBe("v1.22.3-eksbuild.1");
  expect(addonVersion("kube-proxy", "1.35")).toBe("v1.35.3-eksbuild.18");
});

test("an add-on without any version is refused, with the command that lists versions", () => {
  expect(() => addonVersion("coredns", "1.36")).toThrow(
    "addonVersions.coredns must be given, since kubernetesMinors has no Kubernetes 1.36, got nothing: " +
      "aws eks describe-addon-versions --kubernetes-version 1.36 --addon-name coredns lists versions",
  );
});

test.each(["1.34", "1.36", "toString", ""])(
  "Kubernetes %s is refused, since its versions are not pinned",
  (version) => {
    expect(kubernetesVersionProblems("1.35")).toEqual([]);
    expect(kubernetesVersionProblems(version).map(({ path, got }) => [path, got])).toEqual([
      [["kubernetesVersion"], JSON.stringify(version)],
    ]);
  },
);
