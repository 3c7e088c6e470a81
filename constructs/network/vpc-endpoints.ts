import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

/**
 * AWS services that can have an interface endpoint. Nodes and the platform call all of them but `sqs`; executors and KEDA call that one,
 * and without an endpoint their few kilobytes go through the NAT gateway.
 */
export const interfaceEndpointServices = [
  "ecr.api",
  "ecr.dkr",
  "sts",
  "eks",
  "eks-auth",
  "autoscaling",
  "ec2",
  "sqs",
  "logs",
] as const;
/** An AWS service that can have an interface endpoint. */
export type InterfaceEndpointService = (typeof interfaceEndpointServices)[number];

/** A VPC, and the services that get endpoints in it. */
export interface VpcEndpointsProps {
  /** Prefix of all names. */
  readonly name: string;
  /** AWS region, for example `us-west-2`: part of the names of services. */
  readonly region: string;
  /** Id of the VPC. */
  readonly vpcId: string;
  /** IPv4 block of the VPC. All addresses in it may call the interface endpoints. */
  readonly vpcCidrBlock: string;
  /** Route tables that get the route to S3. */
  readonly routeTableIds: readonly string[];
  /** Subnets that get a network interface of each interface endpoint. */
  readonly subnetIds: readonly string[];
  /** Services that get an interface endpoint, about $7.30 a month for each in each subnet. */
  readonly interfaceEndpoints: readonly InterfaceEndpointService[];
}

/** Endpoints of AWS services, whose traffic stays in Amazon's network. */
export class VpcEndpoints extends Construct {
  /** The underlying `aws_vpc_endpoint` of S3, for settings without an option here. */
  readonly resource: VpcEndpoint;
  /** The endpoints and their rule. Nodes that call AWS through them depend on them. */
  readonly dependables: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: VpcEndpointsProps) {
    super(scope, id);
    // It is free, and nearly all traffic of a sweep (image layers and results) avoids the NAT gateway's 4.5 cents per GB.
    const s3 = new VpcEndpoint(this, "s3", {
      vpcId: props.vpcId,
      serviceName: `com.amazonaws.${props.region}.s3`,
      vpcEndpointType: "Gateway",
      routeTableIds: [...props.routeTableIds],
      tags: { Name: `${props.name}-s3` },
    });
    this.resource = s3;
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
