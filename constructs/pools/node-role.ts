import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { managedPolicyArn, trustService } from "../support/iam-policy.ts";

export interface NodeRoleProps {
  /** Prefix of the role's name. */
  readonly name: string;
  readonly region: string;
}

/**
 * What a node may do: join, pull images, and give pods addresses. Pods cannot use it (the metadata service answers no
 * further than the node itself); theirs are `PodIdentityRole`s.
 */
export class NodeRole extends Construct {
  readonly roleArn: string;
  /**
   * The role's permissions. Node groups depend on them: taken away first, the CNI can no longer return network
   * interfaces, and their leftovers block the deletion of the subnets.
   * @see https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eks_node_group#example-iam-role-for-eks-node-group
   */
  readonly permissions: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: NodeRoleProps) {
    super(scope, id);
    const role = new IamRole(this, "role", {
      namePrefix: `${props.name}-node-`,
      description: "EKS nodes",
      assumeRolePolicy: trustService("ec2.amazonaws.com"),
    });
    this.roleArn = role.arn;
    this.permissions = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"].map(
      (policy) =>
        new IamRolePolicyAttachment(this, policy, {
          role: role.name,
          policyArn: managedPolicyArn(props.region, policy),
        }),
    );
  }
}
