import { EksAddon } from "@cdktf/provider-aws/lib/eks-addon";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { z } from "zod";
import { type ShapeOf, text, withFix } from "../support/fields.ts";
import { managedPolicyArn } from "../support/iam-policy.ts";
import type { ICluster } from "./cluster.ts";
import { PodIdentityRole } from "./pod-identity-role.ts";

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

/** Versions of a cluster's add-ons. An environment sets them in `cluster`. */
export interface ClusterAddonsOptions {
  /**
   * Versions of single EKS add-ons, for example `{ coredns: "v1.13.2-eksbuild.11" }`.
   * `aws eks describe-addon-versions --kubernetes-version 1.35` lists them.
   * @default - the versions of `addonVersions` for the Kubernetes minor
   */
  readonly addonVersions?: Readonly<Partial<Record<AddonName, string | undefined>>> | undefined;
}

/** Schema of the {@link ClusterAddonsOptions}. */
export const clusterAddonsOptionsSchema = z.strictObject({
  addonVersions: z
    .partialRecord(z.enum(addonNames), text({ allowed: "the version of an EKS add-on", example: "v1.22.3-eksbuild.1" }))
    .meta(withFix({ allowed: "an object of versions by add-on", example: { "vpc-cni": "v1.22.3-eksbuild.1" } }))
    .optional(),
} satisfies ShapeOf<ClusterAddonsOptions>);

export interface ClusterAddonsProps {
  readonly cluster: ICluster;
  readonly region: string;
  /** Prefix of the names of roles. */
  readonly name: string;
  /** Version of each add-on, for example `v1.22.3-eksbuild.1`. */
  readonly versions: Readonly<Record<AddonName, string>>;
  /** Tags of the volumes that pods ask for: the provider's default tags do not reach them. */
  readonly volumeTags: Readonly<Record<string, string>>;
}

/**
 * The EKS add-ons, in two steps: three DaemonSets that a node needs to become ready, and three Deployments that need
 * nodes to become ready themselves.
 */
export class ClusterAddons extends Construct {
  /**
   * Add-ons that node groups depend on. A node that boots before its CNI stays NotReady until it is replaced
   * (terraform-aws-eks#3525), and one that loses kube-proxy or its pods' credentials cannot drain.
   */
  readonly beforeNodes: readonly ITerraformDependable[];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ClusterAddonsProps,
  ) {
    super(scope, id);
    const vpcCni = this.addon("vpc-cni", {
      // Removing the add-on leaves the CNI running until the last node is gone. Without it network interfaces leak and
      // block the deletion of subnets and security group (amazon-vpc-cni-k8s#1447, terraform-aws-eks#2048).
      preserve: true,
      // Off by default, and a NetworkPolicy would then be accepted and enforce nothing.
      configurationValues: JSON.stringify({ enableNetworkPolicy: "true" }),
    });
    const kubeProxy = this.addon("kube-proxy", {});
    const podIdentityAgent = this.addon("eks-pod-identity-agent", {});
    this.beforeNodes = [vpcCni, kubeProxy, podIdentityAgent];
  }

  /**
   * CoreDNS, metrics-server and the EBS CSI driver. Without a node to run on they are DEGRADED, and after twenty minutes
   * their creation fails (terraform-aws-eks#3001), so they follow the nodes that take pods without tolerations.
   * @param untaintedNodes Node groups that have at least one node and no taint.
   */
  addAfterNodes(untaintedNodes: readonly ITerraformDependable[]): void {
    this.addon("coredns", {
      // A worker that is drained while the platform is destroyed still has to find S3 to hand over its work.
      preserve: true,
      dependsOn: [...untaintedNodes],
    });
    this.addon("metrics-server", { dependsOn: [...untaintedNodes] });
    const identity = new PodIdentityRole(this, "aws-ebs-csi-driver-identity", {
      cluster: this.props.cluster,
      name: `${this.props.name}-ebs-csi`,
      namespace: "kube-system",
      serviceAccount: "ebs-csi-controller-sa",
      description: "EBS CSI driver",
      managedPolicyArns: [managedPolicyArn(this.props.region, "service-role/AmazonEBSCSIDriverPolicy")],
    });
    this.addon("aws-ebs-csi-driver", {
      configurationValues: JSON.stringify({ controller: { extraVolumeTags: this.props.volumeTags } }),
      // The identity first: a controller admitted before it would run without credentials until restarted.
      dependsOn: [...untaintedNodes, ...identity.dependables],
    });
  }

  private addon(
    addonName: AddonName,
    config: { preserve?: boolean; configurationValues?: string; dependsOn?: ITerraformDependable[] },
  ): EksAddon {
    return new EksAddon(this, addonName, {
      clusterName: this.props.cluster.clusterName,
      addonName,
      addonVersion: this.props.versions[addonName],
      // What stands in the configuration wins over what somebody changed by hand.
      resolveConflictsOnCreate: "OVERWRITE",
      resolveConflictsOnUpdate: "OVERWRITE",
      ...config,
    });
  }
}
