import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

/** A load balancer's callers and its targets. */
export interface LoadBalancerGroupProps {
  /** Prefix of the group's name. */
  readonly name: string;
  readonly vpcId: string;
  /** Blocks of addresses that may reach the load balancer. */
  readonly allowedCidrs: readonly string[];
  /** The security group of the nodes, and the port of the pods on them. */
  readonly targets: { readonly securityGroupId: string; readonly port: number };
  /**
   * The controller's permissions. The group is destroyed before them: AWS refuses to delete the group of a load balancer that still
   * exists, and then the controller can still delete that load balancer.
   */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * The security group of a load balancer, and the way from it to the pods. Terraform makes it, and not the load balancer's controller: groups
 * that a controller leaves behind block the deletion of the VPC (aws-load-balancer-controller#2117, eks-blueprints#1843).
 */
export class LoadBalancerGroup extends Construct {
  /** The underlying `aws_security_group`, for settings without an option here. */
  readonly resource: SecurityGroup;
  readonly securityGroupId: string;

  constructor(scope: Construct, id: string, { name, vpcId, allowedCidrs, targets, dependsOn }: LoadBalancerGroupProps) {
    super(scope, id);
    const group = new SecurityGroup(this, "security-group", {
      namePrefix: `${name}-`,
      description: "Load balancer of the services",
      vpcId,
      tags: { Name: name },
      dependsOn: [...dependsOn],
    });
    this.resource = group;
    this.securityGroupId = group.id;
    for (const cidr of allowedCidrs) {
      for (const [protocol, port] of Object.entries({ https: 443, http: 80 })) {
        new VpcSecurityGroupIngressRule(this, `${protocol}-${cidr.replace(/[./]/g, "-")}`, {
          securityGroupId: group.id,
          description: port === 443 ? "HTTPS" : "HTTP, which is redirected to HTTPS",
          ipProtocol: "tcp",
          fromPort: port,
          toPort: port,
          cidrIpv4: cidr,
        });
      }
    }
    const toTargets = { ipProtocol: "tcp", fromPort: targets.port, toPort: targets.port };
    new VpcSecurityGroupEgressRule(this, "to-pods", {
      ...toTargets,
      securityGroupId: group.id,
      description: "Requests and health checks to pods",
      referencedSecurityGroupId: targets.securityGroupId,
    });
    new VpcSecurityGroupIngressRule(this, "from-load-balancer", {
      ...toTargets,
      securityGroupId: targets.securityGroupId,
      description: "Requests and health checks of the load balancer",
      referencedSecurityGroupId: group.id,
    });
    // It asks the identity provider for tokens itself.
    // @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
    new VpcSecurityGroupEgressRule(this, "to-identity-provider", {
      securityGroupId: group.id,
      description: "HTTPS to the identity provider",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrIpv4: "0.0.0.0/0",
    });
  }
}
