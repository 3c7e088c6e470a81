import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { EksAccessEntry } from "@cdktf/provider-aws/lib/eks-access-entry";
import { EksAccessPolicyAssociation } from "@cdktf/provider-aws/lib/eks-access-policy-association";
import { EksCluster } from "@cdktf/provider-aws/lib/eks-cluster";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { z } from "zod";
import { allowedPublicBlock } from "../network/allowed-blocks.ts";
import type { INetwork } from "../network/network.ts";
import { flag, list, number, type ShapeOf, text, word } from "../support/fields.ts";
import { managedPolicyArn, partitionOf, policyDocument, trustService } from "../support/iam-policy.ts";
import { allowedRetention, retentionProblems } from "../support/log-retention.ts";
import { throwIfAny, within } from "../support/problems.ts";
import { publicAccessProblems } from "./cluster-access.ts";
import { allowedClusterZones, clusterZoneProblems, keepZones } from "./cluster-zones.ts";

/** An EKS cluster for nodes, add-ons and identities: a new one ({@link Cluster}) or an existing one ({@link existingCluster}). */
export interface ICluster extends ExistingClusterAttributes {
  /**
   * The administrators' permissions. Kubernetes resources and Helm releases in the stack of the cluster depend on them: without
   * them, Terraform is `Unauthorized` in the middle of a destroy (terraform-aws-eks#2923).
   */
  readonly dependables: readonly ITerraformDependable[];
}

/** An EKS cluster made elsewhere; `aws eks describe-cluster --name <name>` prints these values. */
export interface ExistingClusterAttributes {
  /** Name of the cluster, unique in its account and region. */
  readonly clusterName: string;
  /** AWS region of the cluster, for example `us-west-2`. */
  readonly region: string;
  /** The twelve digits of the cluster's AWS account, which are the fifth part of its ARN. */
  readonly accountId: string;
  /** URL of the Kubernetes API. */
  readonly clusterEndpoint: string;
  /** Certificate of the API's certificate authority, base64. */
  readonly certificateAuthorityData: string;
  /** Kubernetes minor, for example `1.35`. */
  readonly kubernetesVersion: string;
  /** Zones of pools that name none, for example `["us-west-2a", "us-west-2b"]`. Changing them replaces these pools. */
  readonly availabilityZones: readonly string[];
}

/**
 * Refers to a cluster that this stack does not own. Nothing of it is changed or destroyed; new node groups and identities can be
 * added to it.
 */
export function existingCluster(attributes: ExistingClusterAttributes): ICluster {
  return { ...attributes, dependables: [] };
}

/** Logs of the control plane that EKS can write. */
export const controlPlaneLogTypes = ["api", "audit", "authenticator", "controllerManager", "scheduler"] as const;
/** A log of the control plane. */
export type ControlPlaneLogType = (typeof controlPlaneLogTypes)[number];

/** Defaults of the options of a cluster. */
export const clusterDefaults = {
  enabledLogTypes: ["api", "audit", "authenticator"],
  logRetentionInDays: 30,
} as const satisfies Partial<ClusterOptions>;

/** Options of an EKS control plane. An environment sets them as `cluster`. */
export interface ClusterOptions {
  /**
   * Kubernetes minor, for example `1.35`. The control plane costs $73 a month in standard support, and six times as much after it.
   */
  readonly kubernetesVersion: string;
  /**
   * Two or three zones of the network, for example `["us-west-2a", "us-west-2b"]`: the control plane is there, and the nodes of
   * pools that name no zones. Choose them for good. EKS takes no other zones later, and only a new cluster has others. A pool names
   * a zone that the network gets later in its own `availabilityZones`.
   */
  readonly availabilityZones: readonly string[];
  /**
   * IPv4 blocks that may reach the API from the internet, /8 or smaller, for example `["203.0.113.0/24"]`. Nodes always use the
   * private endpoint.
   * @default - no public endpoint: the API is reached from the VPC only
   */
  readonly endpointPublicAccessCidrs?: readonly string[] | undefined;
  /**
   * Logs that the control plane writes, for example `["audit"]`; CloudWatch charges 50 cents for each GB.
   * @default ["api", "audit", "authenticator"]
   */
  readonly enabledLogTypes?: readonly ControlPlaneLogType[] | undefined;
  /**
   * Days that CloudWatch keeps the logs of the control plane, for example 90. CloudWatch takes certain numbers only, from 1 to
   * 3653.
   * @default 30
   */
  readonly logRetentionInDays?: number | undefined;
  /**
   * Whether EKS refuses to delete the cluster, and Terraform refuses to plan its deletion. To destroy a protected cluster, deploy
   * once with `false`: omitting the option would leave the protection on. Either value needs AWS provider 6.9.0
   * (terraform-provider-aws#43779).
   * @default - the attribute is not sent, and EKS does not protect
   */
  readonly deletionProtection?: boolean | undefined;
}

/** Schema of the {@link ClusterOptions}. */
export const clusterOptionsSchema = z.strictObject({
  kubernetesVersion: text({ allowed: "a Kubernetes minor", example: "1.35" }),
  availabilityZones: list(text({ allowed: "a zone of the network", example: "us-west-2a" }), {
    allowed: allowedClusterZones,
    example: ["us-west-2a", "us-west-2b"],
  }),
  endpointPublicAccessCidrs: list(text({ allowed: allowedPublicBlock, example: "203.0.113.7/32" }), {
    allowed: "a list of IPv4 blocks",
    example: ["203.0.113.7/32"],
  }).optional(),
  enabledLogTypes: list(word(controlPlaneLogTypes, { example: "audit" }), {
    allowed: "a list of logs",
    example: ["audit"],
    default: clusterDefaults.enabledLogTypes,
  }).optional(),
  logRetentionInDays: number({
    allowed: allowedRetention,
    example: 90,
    default: clusterDefaults.logRetentionInDays,
  }).optional(),
  deletionProtection: flag({ example: true }).optional(),
} satisfies ShapeOf<ClusterOptions>);

/** An EKS control plane, with its name and place. */
export interface ClusterProps extends ClusterOptions {
  /** Name of the cluster, unique in its account and region. Changing it replaces the cluster. */
  readonly name: string;
  /** AWS region, for example `us-west-2`. */
  readonly region: string;
  /** The twelve digits of the AWS account, for example `111122223333`: EKS may use the cluster's role for this account only. */
  readonly accountId: string;
  /** VPC of the control plane's network interfaces, and of the nodes. */
  readonly network: INetwork;
  /**
   * ARNs of the IAM roles or users who administer the cluster, by a name of your own, which becomes part of the Terraform
   * address. Only these principals can access the cluster; the identity that creates it gets no implicit access.
   */
  readonly administrators: Readonly<Record<string, string>>;
}

/** An EKS control plane without nodes: private endpoint, access entries only, encrypted secrets, and logs. */
export class Cluster extends Construct implements ICluster {
  /** The underlying `aws_eks_cluster`, for settings without an option here. */
  readonly resource: EksCluster;
  readonly clusterName: string;
  /** ARN of the cluster, for policies. */
  readonly clusterArn: string;
  readonly region: string;
  readonly accountId: string;
  readonly clusterEndpoint: string;
  readonly certificateAuthorityData: string;
  readonly kubernetesVersion: string;
  readonly availabilityZones: readonly string[];
  /**
   * Id of the security group that EKS attaches to the control plane and to every managed node. It allows all traffic within the
   * group.
   */
  readonly clusterSecurityGroupId: string;
  readonly dependables: readonly ITerraformDependable[];

  /**
   * @throws InvalidConfigurationError for zones that EKS refuses or the network lacks, for an allow-list that opens the API to the
   * internet, and for a number of days that CloudWatch Logs does not allow.
   */
  constructor(scope: Construct, id: string, props: ClusterProps) {
    super(scope, id);
    const { privateSubnetIds } = props.network;
    throwIfAny(`cluster ${props.name}`, [
      ...within(["availabilityZones"], clusterZoneProblems(props.availabilityZones, Object.keys(privateSubnetIds))),
      ...within(["endpointPublicAccessCidrs"], publicAccessProblems(props.endpointPublicAccessCidrs)),
      ...within(["logRetentionInDays"], retentionProblems(props.logRetentionInDays)),
    ]);
    const key = this.secretsKey(props);
    const { role, dependables } = this.role(props, key);
    const logGroup = new CloudwatchLogGroup(this, "log-group", {
      name: `/aws/eks/${props.name}/cluster`,
      retentionInDays: props.logRetentionInDays ?? clusterDefaults.logRetentionInDays,
    });
    const cluster = new EksCluster(this, "cluster", {
      name: props.name,
      version: props.kubernetesVersion,
      roleArn: role.arn,
      // Access entries only. The older aws-auth ConfigMap locked people out for years (terraform-aws-eks#2644, #2912, #3424),
      // and implicit creator access would disappear together with the CI role that had it.
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
      // EKS would install CNI and kube-proxy unmanaged. `NodeAddons` installs them, in versions that a plan shows.
      bootstrapSelfManagedAddons: false,
      vpcConfig: {
        // EKS refuses subnets in zones that the cluster was not made with, so a zone that the network gets later stays out.
        subnetIds: props.availabilityZones.flatMap((zone) => privateSubnetIds[zone] ?? []),
        endpointPrivateAccess: true,
        endpointPublicAccess: props.endpointPublicAccessCidrs !== undefined,
        ...(props.endpointPublicAccessCidrs && { publicAccessCidrs: [...props.endpointPublicAccessCidrs] }),
      },
      encryptionConfig: { provider: { keyArn: key.arn }, resources: ["secrets"] },
      enabledClusterLogTypes: [...(props.enabledLogTypes ?? clusterDefaults.enabledLogTypes)],
      // At the end of standard support EKS upgrades the cluster. With EXTENDED it would charge six times as much instead.
      upgradePolicy: { supportType: "STANDARD" },
      ...(props.deletionProtection !== undefined && { deletionProtection: props.deletionProtection }),
      // EKS refuses only after everything else on the cluster is gone. Terraform refuses to begin, and to replace the cluster.
      ...(props.deletionProtection && { lifecycle: { preventDestroy: true } }),
      // Without the log group, EKS creates one that has no retention. Without the permissions, EKS cannot delete its network
      // interfaces, and they block the deletion of the subnets.
      dependsOn: [logGroup, ...dependables],
    });
    keepZones(this, cluster, props.availabilityZones);
    this.resource = cluster;
    this.region = props.region;
    this.accountId = props.accountId;
    this.clusterName = cluster.name;
    this.clusterArn = cluster.arn;
    this.clusterEndpoint = cluster.endpoint;
    this.certificateAuthorityData = cluster.certificateAuthority.get(0).data;
    this.clusterSecurityGroupId = cluster.vpcConfig.clusterSecurityGroupId;
    this.kubernetesVersion = props.kubernetesVersion;
    this.availabilityZones = props.availabilityZones;
    this.dependables = this.access(props);
  }

  /** The key encrypts the data keys of Kubernetes secrets and costs $1 a month. EKS cannot read the cluster without it. */
  private secretsKey(props: ClusterProps): KmsKey {
    const key = new KmsKey(this, "secrets-key", {
      description: `Kubernetes secrets of ${props.name}`,
      enableKeyRotation: true,
      // The shortest time that AWS allows: the key has encrypted nothing but this cluster's secrets.
      deletionWindowInDays: 7,
    });
    new KmsAlias(this, "secrets-key-alias", { name: `alias/eks/${props.name}`, targetKeyId: key.keyId });
    return key;
  }

  private role(props: ClusterProps, key: KmsKey): { role: IamRole; dependables: ITerraformDependable[] } {
    const role = new IamRole(this, "role", {
      namePrefix: `${props.name}-cluster-`,
      description: "EKS control plane",
      assumeRolePolicy: trustService("eks.amazonaws.com", {
        actions: ["sts:AssumeRole", "sts:TagSession"],
        sourceAccount: props.accountId,
      }),
    });
    const managed = new IamRolePolicyAttachment(this, "cluster-policy", {
      role: role.name,
      policyArn: managedPolicyArn(props.region, "AmazonEKSClusterPolicy"),
    });
    const inline = new IamRolePolicy(this, "secrets-and-logs-policy", {
      name: "secrets-and-logs",
      role: role.name,
      policy: policyDocument([
        {
          sid: "EncryptSecrets",
          effect: "Allow",
          actions: ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"],
          resources: [key.arn],
        },
        {
          // Otherwise late log lines create the log group again after its destruction, and the next deploy fails with
          // "already exists" (terraform-aws-eks#920, #2763).
          sid: "KeepLogGroupDestroyed",
          effect: "Deny",
          actions: ["logs:CreateLogGroup"],
          resources: ["*"],
        },
      ]),
    });
    return { role, dependables: [managed, inline] };
  }

  private access(props: ClusterProps): ITerraformDependable[] {
    return Object.entries(props.administrators).map(([name, principalArn]) => {
      const entry = new EksAccessEntry(this, `administrator-${name}`, {
        clusterName: this.clusterName,
        principalArn,
        type: "STANDARD",
      });
      return new EksAccessPolicyAssociation(this, `administrator-policy-${name}`, {
        clusterName: this.clusterName,
        principalArn,
        policyArn: `arn:${partitionOf(props.region)}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy`,
        accessScope: { type: "cluster" },
        // EKS answers "the specified principalArn could not be found" until the entry exists.
        dependsOn: [entry],
      });
    });
  }
}
