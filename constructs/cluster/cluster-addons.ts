import { EksAddon } from "@cdktf/provider-aws/lib/eks-addon";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { managedPolicyArn } from "../support/iam-policy.ts";
import { terraformTexts } from "../support/terraform-text.ts";
import type { ICluster } from "./cluster.ts";
import {
  type AddonName,
  addonVersion,
  type ClusterAddonsOptions,
  type NodeAddonName,
  type WorkloadAddonName,
} from "./kubernetes-versions.ts";
import { PodIdentityRole } from "./pod-identity-role.ts";

/** The add-ons that every node needs, and their cluster. */
export interface NodeAddonsProps extends ClusterAddonsOptions {
  /** The cluster that gets the add-ons. */
  readonly cluster: ICluster;
  /** Prefix of the name of the VPC CNI's role, at most 29 characters. */
  readonly name: string;
}

/** The VPC CNI, kube-proxy and the Pod Identity agent: DaemonSets that a node needs before it becomes ready. */
export class NodeAddons extends Construct {
  /** The underlying `aws_eks_addon` resources by add-on. */
  readonly resources: Readonly<Record<NodeAddonName, EksAddon>>;
  /**
   * The add-ons, and the CNI's permissions. Node groups depend on them: a node that boots before its CNI stays NotReady until it is
   * replaced (terraform-aws-eks#3525), a node that loses kube-proxy or its pods' credentials cannot drain, and a CNI without
   * permissions leaves network interfaces behind, which block the deletion of the subnets.
   * @see https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eks_node_group#example-iam-role-for-eks-node-group
   */
  readonly dependables: readonly ITerraformDependable[];

  /** @throws InvalidConfigurationError for an add-on without a version. */
  constructor(scope: Construct, id: string, props: NodeAddonsProps) {
    super(scope, id);
    const addon = addonFactory(this, props);
    // A role of its own. On the role of the nodes, these permissions would be every program's that reaches a node's credentials.
    // An association of the add-on's own would go with the add-on, and the CNI outlives it.
    const identity = new PodIdentityRole(this, "vpc-cni-identity", {
      cluster: props.cluster,
      name: `${props.name}-vpc-cni`,
      namespace: "kube-system",
      serviceAccount: "aws-node",
      description: "VPC CNI",
      managedPolicyArns: [managedPolicyArn(props.cluster.region, "AmazonEKS_CNI_Policy")],
    });
    this.resources = {
      "vpc-cni": addon("vpc-cni", {
        // Removing the add-on leaves the CNI running until the last node is gone. Without it network interfaces leak and
        // block the deletion of subnets and security group (amazon-vpc-cni-k8s#1447, terraform-aws-eks#2048).
        preserve: true,
        // Off by default: the CNI would accept a NetworkPolicy and enforce nothing.
        configurationValues: JSON.stringify({ enableNetworkPolicy: "true" }),
      }),
      "kube-proxy": addon("kube-proxy", {}),
      "eks-pod-identity-agent": addon("eks-pod-identity-agent", {}),
    };
    this.dependables = [...Object.values(this.resources), ...identity.dependables];
  }
}

/** The add-ons that need nodes, and their cluster. */
export interface WorkloadAddonsProps extends ClusterAddonsOptions {
  /** The cluster that gets the add-ons. */
  readonly cluster: ICluster;
  /** Prefix of the name of the EBS CSI driver's role, at most 29 characters. */
  readonly name: string;
  /** Tags of the volumes that pods request: the provider's default tags do not reach them. */
  readonly volumeTags: Readonly<Record<string, string>>;
  /**
   * Node groups without taints that have at least one node. Without a node these add-ons are DEGRADED, and their creation fails
   * after twenty minutes (terraform-aws-eks#3001).
   */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** CoreDNS, metrics-server and the EBS CSI driver: Deployments that need nodes before they become ready. */
export class WorkloadAddons extends Construct {
  /** The underlying `aws_eks_addon` resources by add-on. */
  readonly resources: Readonly<Record<WorkloadAddonName, EksAddon>>;

  /** @throws InvalidConfigurationError for an add-on without a version. */
  constructor(scope: Construct, id: string, props: WorkloadAddonsProps) {
    super(scope, id);
    const { cluster } = props;
    const dependsOn = [...props.dependsOn];
    const addon = addonFactory(this, props);
    const identity = new PodIdentityRole(this, "aws-ebs-csi-driver-identity", {
      cluster,
      name: `${props.name}-ebs-csi`,
      namespace: "kube-system",
      serviceAccount: "ebs-csi-controller-sa",
      description: "EBS CSI driver",
      // Volumes, snapshots and instances of this cluster only. `kubernetesVersionProblems` refuses drivers that are too old for it.
      // @see https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEBSCSIDriverEKSClusterScopedPolicy.html
      managedPolicyArns: [managedPolicyArn(cluster.region, "AmazonEBSCSIDriverEKSClusterScopedPolicy")],
    });
    this.resources = {
      // A worker that is drained while the platform is destroyed still has to find S3 to hand over its work.
      coredns: addon("coredns", { preserve: true, dependsOn }),
      "metrics-server": addon("metrics-server", { dependsOn }),
      "aws-ebs-csi-driver": addon("aws-ebs-csi-driver", {
        configurationValues: JSON.stringify({ controller: { extraVolumeTags: terraformTexts(props.volumeTags) } }),
        // The identity first: a controller admitted before it would run without credentials until it is restarted.
        dependsOn: [...dependsOn, ...identity.dependables],
      }),
    };
  }
}

interface AddonSettings {
  readonly preserve?: boolean;
  readonly configurationValues?: string;
  readonly dependsOn?: ITerraformDependable[];
}

/** Makes add-ons in a scope, all with the same cluster and versions. */
function addonFactory(scope: Construct, { cluster, addonVersions }: Omit<NodeAddonsProps, "name">) {
  return (addonName: AddonName, settings: AddonSettings) =>
    new EksAddon(scope, addonName, {
      clusterName: cluster.clusterName,
      addonName,
      addonVersion: addonVersion(addonName, cluster.kubernetesVersion, addonVersions),
      // Overwrite manual changes with the configured values.
      resolveConflictsOnCreate: "OVERWRITE",
      resolveConflictsOnUpdate: "OVERWRITE",
      ...settings,
    });
}
