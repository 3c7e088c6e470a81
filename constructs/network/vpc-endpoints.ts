import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

/**
 * Without these a node behind no NAT gateway cannot pull an image, join the cluster, or be scaled.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
 */
export const endpointsNodesNeed = ["ecr.api", "ecr.dkr", "sts", "eks", "eks-auth", "autoscaling", "ec2"] as const;

/** Services that nodes and the platform's pods call. */
export const interfaceEndpointServices = [...endpointsNodesNeed, "sqs", "logs"] as const;
export type InterfaceEndpointService = (typeof interfaceEndpointServices)[number];

export interface VpcEndpointsProps {
  readonly name: string;
  readonly region: string;
  readonly vpcId: string;
  /** Who may call the interface endpoints: everything in the VPC. */
  readonly vpcCidrBlock: string;
  /** Tables that get the route to S3. */
  readonly routeTableIds: readonly string[];
  /** Subnets that get a network interface of each interface endpoint. */
  readonly subnetIds: readonly string[];
  readonly interfaceEndpoints: readonly InterfaceEndpointService[];
}

/** Ways to AWS services that do not leave Amazon's network. */
export class VpcEndpoints extends Construct {
  /** What must outlive the nodes that call through here. */
  readonly dependables: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: VpcEndpointsProps) {
    super(scope, id);
    // Free, and it keeps image layers and results, nearly all of a sweep's traffic, off the NAT gateway's 4.5 cents per GB.
    const s3 = new VpcEndpoint(this, "s3", {
      vpcId: props.vpcId,
      serviceName: `com.amazonaws.${props.region}.s3`,
      vpcEndpointType: "Gateway",
      routeTableIds: [...props.routeTableIds],
      tags: { Name: `${props.name}-s3` },
    });
    this.dependables = props.interfaceEndpoints.length === 0 ? [s3] : [s3, ...this.interfaceEndpoints(props)];
  }

  private interfaceEndpoints(props: VpcEndpointsProps): ITerraformDependable[] {
    const securityGroup = new SecurityGroup(this, "security-group", {
      namePrefix: `${props.name}-endpoints-`,
      description: "HTTPS from the VPC to the interface endpoints",
      vpcId: props.vpcId,
      tags: { Name: `${props.name}-endpoints` },
      lifecycle: { createBeforeDestroy: true },
    });
    const https = new VpcSecurityGroupIngressRule(this, "https", {
      securityGroupId: securityGroup.id,
      description: "HTTPS from the VPC",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrIpv4: props.vpcCidrBlock,
    });
    const endpoints = props.interfaceEndpoints.map(
      (service) =>
        new VpcEndpoint(this, service.replace(".", "-"), {
          vpcId: props.vpcId,
          serviceName: `com.amazonaws.${props.region}.${service}`,
          vpcEndpointType: "Interface",
          privateDnsEnabled: true,
          subnetIds: [...props.subnetIds],
          securityGroupIds: [securityGroup.id],
          tags: { Name: `${props.name}-${service}` },
        }),
    );
    return [https, ...endpoints];
  }
}
