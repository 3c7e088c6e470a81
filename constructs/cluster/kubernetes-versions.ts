import { oneOf, type Problem, show } from "../support/problems.ts";
import { type AddonName, addonNames } from "./cluster-addons.ts";

/**
 * Image of the cluster autoscaler for each Kubernetes minor it is released for; the two minors must be equal. The chart's
 * own default cannot be used: charts 9.56.0 to 9.59.0 name an image that no longer exists (autoscaler#10091).
 * @see https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/README.md#releases
 */
export const clusterAutoscalerImageTags: Readonly<Record<string, string>> = {
  "1.33": "v1.33.6",
  "1.34": "v1.34.5",
  "1.35": "v1.35.2",
  "1.36": "v1.36.1",
};

/**
 * Add-on versions for each Kubernetes minor, so that a plan changes only when this table does: EKS's defaults as public
 * repositories recorded them in August and September 2026. `aws eks describe-addon-versions --kubernetes-version 1.35`
 * lists today's; an environment overrides any of them with `cluster.addonVersions`.
 */
export const addonVersions: Readonly<Record<string, Readonly<Record<AddonName, string>>>> = {
  "1.35": {
    "vpc-cni": "v1.22.3-eksbuild.1",
    "kube-proxy": "v1.35.3-eksbuild.18",
    "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
    coredns: "v1.13.2-eksbuild.11",
    "metrics-server": "v0.9.0-eksbuild.5",
    "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
  },
};

/** What is wrong with a Kubernetes minor; `path` is relative to the cluster. */
export function kubernetesVersionProblems(
  version: string,
  overrides: Readonly<Partial<Record<AddonName, string | undefined>>> = {},
): Problem[] {
  const got = show(version);
  const path = ["kubernetesVersion"];
  if (!Object.hasOwn(clusterAutoscalerImageTags, version)) {
    const what = "is a minor without a cluster autoscaler";
    const allowed = oneOf(Object.keys(clusterAutoscalerImageTags));
    return [{ path, what, got, allowed, fix: 'use "1.35", or add its image to clusterAutoscalerImageTags' }];
  }
  const missing = addonNames.filter((name) => addonVersions[version]?.[name] === undefined && !overrides[name]);
  if (missing.length === 0) return [];
  const what = "is a minor whose add-on versions are not known here";
  const allowed = `${oneOf(Object.keys(addonVersions))}, or any other with cluster.addonVersions`;
  const fix = `add cluster.addonVersions for ${missing.join(", ")} (aws eks describe-addon-versions --kubernetes-version ${version})`;
  return [{ path, what, got, allowed, fix }];
}

/**
 * The version of each add-on: the override where there is one, the table's otherwise.
 * @throws Error for a minor that {@link kubernetesVersionProblems} refuses.
 */
export function addonVersionsOf(
  version: string,
  overrides: Readonly<Partial<Record<AddonName, string | undefined>>> = {},
): Readonly<Record<AddonName, string>> {
  const entries = addonNames.map((name) => {
    const pinned = overrides[name] ?? addonVersions[version]?.[name];
    if (pinned === undefined) throw new Error(`no version of ${name} is known for Kubernetes ${version}`);
    return [name, pinned] as const;
  });
  return Object.fromEntries(entries) as Record<AddonName, string>;
}
