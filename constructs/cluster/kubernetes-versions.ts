import { z } from "zod";
import { type ShapeOf, text, withFix } from "../support/fields.ts";
import { InvalidConfigurationError, oneOf, type Problem, show } from "../support/problems.ts";

/** The EKS add-ons of every cluster. */
export const addonNames = [
  "vpc-cni",
  "kube-proxy",
  "eks-pod-identity-agent",
  "coredns",
  "metrics-server",
  "aws-ebs-csi-driver",
] as const;
/** Name of an EKS add-on. */
export type AddonName = (typeof addonNames)[number];
/** An EKS add-on that every node needs before it becomes ready. */
export type NodeAddonName = "vpc-cni" | "kube-proxy" | "eks-pod-identity-agent";
/** An EKS add-on that needs nodes before it becomes ready itself. */
export type WorkloadAddonName = Exclude<AddonName, NodeAddonName>;

/** Versions of a cluster's add-ons. An environment sets them in `cluster`. */
export interface ClusterAddonsOptions {
  /**
   * Versions of single EKS add-ons, for example `{ coredns: "v1.13.2-eksbuild.11" }`. A Kubernetes minor without pinned versions
   * needs all of them. `aws eks describe-addon-versions --kubernetes-version 1.35` lists them.
   * @default - the versions of `kubernetesMinors` for the cluster's minor
   */
  readonly addonVersions?: Readonly<Partial<Record<AddonName, string | undefined>>> | undefined;
}

const allowedAddonVersion = "the exact version of an EKS add-on (v<major>.<minor>.<patch>-eksbuild.<number>)";

/** Schema of the {@link ClusterAddonsOptions}. */
export const clusterAddonsOptionsSchema = z.strictObject({
  addonVersions: z
    .partialRecord(z.enum(addonNames), text({ allowed: allowedAddonVersion, example: "v1.22.3-eksbuild.1" }).optional())
    .meta(withFix({ allowed: "an object of versions by add-on", example: { "vpc-cni": "v1.22.3-eksbuild.1" } }))
    .optional(),
} satisfies ShapeOf<ClusterAddonsOptions>);

/** Versions that belong to one Kubernetes minor. */
export interface KubernetesMinor {
  /**
   * Image of the cluster autoscaler, whose minor must equal Kubernetes' minor. The chart's own default cannot be used: charts
   * 9.56.0 to 9.59.0 name an image that no longer exists (autoscaler#10091).
   * @see https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/README.md#releases
   */
  readonly clusterAutoscalerImageTag: string;
  /**
   * Release of the image that nodes boot, the same for every architecture, with and without GPU. EKS replaces all nodes when it
   * changes, and without one it would keep every node on the image of the day on which its group was made. Renovate proposes newer
   * ones.
   * @see https://github.com/awslabs/amazon-eks-ami/blob/main/CHANGELOG.md
   */
  readonly nodeReleaseVersion: string;
  /**
   * EKS's default versions of the add-ons, as public repositories recorded them in August and September 2026.
   * `aws eks describe-addon-versions --kubernetes-version 1.35` lists the current ones.
   * @default - none; then the cluster's own `addonVersions` must name all of them
   */
  readonly addonVersions?: Readonly<Record<AddonName, string>> | undefined;
}

/** The supported Kubernetes minors. All versions are pinned, so that a plan changes only when this table does. */
export const kubernetesMinors: Readonly<Record<string, KubernetesMinor>> = {
  "1.33": { clusterAutoscalerImageTag: "v1.33.6", nodeReleaseVersion: "1.33.13-20260714" },
  "1.34": { clusterAutoscalerImageTag: "v1.34.5", nodeReleaseVersion: "1.34.11-20260930" },
  "1.35": {
    clusterAutoscalerImageTag: "v1.35.2",
    nodeReleaseVersion: "1.35.8-20260930",
    addonVersions: {
      "vpc-cni": "v1.22.3-eksbuild.1",
      "kube-proxy": "v1.35.3-eksbuild.18",
      "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
      coredns: "v1.13.2-eksbuild.11",
      "metrics-server": "v0.9.0-eksbuild.5",
      "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
    },
  },
  "1.36": { clusterAutoscalerImageTag: "v1.36.1", nodeReleaseVersion: "1.36.4-20260930" },
};

/** Checks a Kubernetes minor and the versions of its add-ons; `path` is relative to the cluster. */
export function kubernetesVersionProblems(
  version: string,
  addonVersions?: ClusterAddonsOptions["addonVersions"],
): Problem[] {
  if (!Object.hasOwn(kubernetesMinors, version)) {
    const minors = Object.keys(kubernetesMinors);
    const pinned = minors.filter((minor) => kubernetesMinors[minor]?.addonVersions !== undefined);
    const fix = `use "${pinned.at(-1)}", or add the versions for this minor to kubernetesMinors`;
    return [{ path: ["kubernetesVersion"], allowed: oneOf(minors), got: show(version), fix }];
  }
  return addonNames.flatMap((name) => {
    const addon = versionOf(name, version, addonVersions);
    return addon === undefined ? [missingVersion(name, version)] : addonVersionProblems(name, addon, version);
  });
}

/**
 * Minor of the first EBS CSI driver that tags its volumes as `AmazonEBSCSIDriverEKSClusterScopedPolicy` requires. With an older one no
 * pod would get a volume.
 * @see https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEBSCSIDriverEKSClusterScopedPolicy.html
 */
const leastEbsDriverMinor = 58;

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html "addonVersion" */
function addonVersionProblems(name: AddonName, addon: string, version: string): Problem[] {
  const problem = (allowed: string, fix: string): Problem[] => [
    { path: ["addonVersions", name], allowed, got: show(addon), fix },
  ];
  const [major, minor] = (/^v(\d+)\.(\d+)\.\d+-eksbuild\.\d+$/.exec(addon)?.slice(1) ?? []).map(Number);
  const fix = `use one that ${listing(name, version)} lists`;
  if (major === undefined || minor === undefined) return problem(allowedAddonVersion, fix);
  if (name === "aws-ebs-csi-driver" && major === 1 && minor < leastEbsDriverMinor) {
    const reason = "older ones do not tag volumes with the cluster's name, and their role covers no others";
    return problem(`v1.${leastEbsDriverMinor}.0 or newer`, `${reason}, so ${fix}`);
  }
  const ofCluster = Number(version.split(".")[1]);
  // It may be older than the API server, and never newer.
  // @see https://kubernetes.io/releases/version-skew-policy/#kube-proxy
  if (name !== "kube-proxy" || (major === 1 && minor <= ofCluster && minor >= ofCluster - 3)) return [];
  return problem(`a version for Kubernetes 1.${ofCluster - 3} to ${version}`, fix);
}

/**
 * The version of an add-on: the option's, or else the pinned one of the cluster's minor.
 * @throws InvalidConfigurationError for an add-on with neither.
 */
export function addonVersion(
  name: AddonName,
  kubernetesVersion: string,
  addonVersions?: ClusterAddonsOptions["addonVersions"],
): string {
  const version = versionOf(name, kubernetesVersion, addonVersions);
  if (version !== undefined) return version;
  throw new InvalidConfigurationError(`add-on ${name}`, [missingVersion(name, kubernetesVersion)]);
}

function versionOf(
  name: AddonName,
  kubernetesVersion: string,
  addonVersions: ClusterAddonsOptions["addonVersions"],
): string | undefined {
  return addonVersions?.[name] ?? kubernetesMinors[kubernetesVersion]?.addonVersions?.[name];
}

function missingVersion(name: AddonName, kubernetesVersion: string): Problem {
  const allowed = `given, since kubernetesMinors pins no version for Kubernetes ${kubernetesVersion}`;
  const fix = `use a version that ${listing(name, kubernetesVersion)} lists`;
  return { path: ["addonVersions", name], allowed, got: show(undefined), fix };
}

function listing(name: AddonName, kubernetesVersion: string): string {
  return `aws eks describe-addon-versions --kubernetes-version ${kubernetesVersion} --addon-name ${name}`;
}
