import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { ICluster } from "../cluster/cluster.ts";
import { managedPolicyArn, trustService } from "../support/iam-policy.ts";

/** A role for nodes, and its cluster. */
export interface NodeRoleProps {
  /** Prefix of the role's name, at most 32 characters. */
  readonly name: string;
  /** The cluster of the nodes. */
  readonly cluster: Pick<ICluster, "region">;
  /**
   * Whether the role allows to manage network interfaces, for a cluster whose VPC CNI has no role of its own. In such a cluster every
   * program on a node that reaches the node's credentials can change the network of all nodes.
   * @default false
   */
  readonly attachCniPolicy?: boolean | undefined;
}

/**
 * The role of nodes: they may join and pull images. Pods cannot use it, because the metadata service answers the node only; they have
 * `PodIdentityRole`s.
 */
export class NodeRole extends Construct {
  /** The underlying `aws_iam_role`, for settings without an option here. */
  readonly resource: IamRole;
  /** ARN of the role. */
  readonly roleArn: string;
  /**
   * The role's permissions. Node groups depend on them: a node that loses them cannot drain.
   * @see https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eks_node_group#example-iam-role-for-eks-node-group
   */
  readonly dependables: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: NodeRoleProps) {
    super(scope, id);
    const role = new IamRole(this, "role", {
      namePrefix: `${props.name}-node-`,
      description: "EKS nodes",
      // EC2 documents no condition key for the account, and a role of an instance profile can be used in its own account only.
      assumeRolePolicy: trustService("ec2.amazonaws.com"),
    });
    this.resource = role;
    this.roleArn = role.arn;
    const policies = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"];
    if (props.attachCniPolicy) policies.push("AmazonEKS_CNI_Policy");
    this.dependables = policies.map(
      (policy) =>
        new IamRolePolicyAttachment(this, policy, {
          role: role.name,
          policyArn: managedPolicyArn(props.cluster.region, policy),
        }),
    );
  }
}
