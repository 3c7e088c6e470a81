import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { Eip } from "@cdktf/provider-aws/lib/eip";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { Route } from "@cdktf/provider-aws/lib/route";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { z } from "zod";
import { byName, list, number, type ShapeOf, text, word } from "../support/fields.ts";
import { allowedRetention, retentionProblems } from "../support/log-retention.ts";
import { type Problem, show, throwIfAny, within } from "../support/problems.ts";
import { FlowLogs } from "./flow-logs.ts";
import { allowedVpcBlock, cidrProblems, subnetLayout, type ZoneCidrBlocks, zoneProblems } from "./subnet-layout.ts";
import { type InterfaceEndpointService, interfaceEndpointServices, VpcEndpoints } from "./vpc-endpoints.ts";

/** A VPC for a cluster and its nodes: a new one ({@link Network}) or an existing one ({@link existingNetwork}). */
export interface INetwork {
  /** Id of the VPC, for example `vpc-0123456789abcdef0`. */
  readonly vpcId: string;
  /** Ids of the subnets for nodes, by availability zone. */
  readonly privateSubnetIds: Readonly<Record<string, string>>;
  /** Ids of the subnets for load balancers with public addresses, by availability zone. */
  readonly publicSubnetIds?: Readonly<Record<string, string>> | undefined;
  /**
   * Routes and endpoints through which nodes reach AWS and the container registries. Node groups depend on all of them, so that a
   * node that is being drained can still reach AWS (data-on-eks#1067, terraform-provider-aws#10934).
   */
  readonly dependables: readonly ITerraformDependable[];
}

/**
 * A VPC made elsewhere. Its private subnets need a way to the registries of all images (ECR, registry.k8s.io, nvcr.io) and to AWS: a
 * NAT gateway, a transit gateway or a proxy.
 */
export interface ExistingNetworkAttributes {
  /** Id of the VPC, for example `vpc-0123456789abcdef0`. */
  readonly vpcId: string;
  /** One private subnet for each availability zone, at least two, for example `{ "us-west-2a": "subnet-0a1b2c3d" }`. */
  readonly privateSubnetIds: Readonly<Record<string, string>>;
  /**
   * One public subnet for each availability zone of a load balancer, at least two, for example `{ "us-west-2a": "subnet-3a1b2c3d" }`. Only
   * a load balancer that is `internet-facing` needs them, in each zone of the pods that it sends to.
   * @default - none
   */
  readonly publicSubnetIds?: Readonly<Record<string, string>> | undefined;
}

/** Schema of the {@link ExistingNetworkAttributes}. */
export const existingNetworkAttributesSchema = z.strictObject({
  vpcId: text({ allowed: "a VPC id (vpc-<hexadecimal>)", example: "vpc-0123456789abcdef0" }),
  privateSubnetIds: byName(text({ allowed: "a subnet id (subnet-<hexadecimal>)", example: "subnet-0a1b2c3d" }), {
    allowed: "an object of subnet ids by availability zone",
    example: { "us-west-2a": "subnet-0a1b2c3d", "us-west-2b": "subnet-1a1b2c3d" },
  }),
  publicSubnetIds: byName(text({ allowed: "a subnet id (subnet-<hexadecimal>)", example: "subnet-3a1b2c3d" }), {
    allowed: "an object of subnet ids by availability zone",
    example: { "us-west-2a": "subnet-3a1b2c3d", "us-west-2b": "subnet-4a1b2c3d" },
  }).optional(),
} satisfies ShapeOf<ExistingNetworkAttributes>);

/** Refers to a VPC that this stack does not own. Nothing in it is created, changed or destroyed. */
export function existingNetwork(attributes: ExistingNetworkAttributes): INetwork {
  return { ...attributes, dependables: [] };
}

/**
 * Number of NAT gateways: one for the whole VPC, or one for each zone. Nodes cannot do without: the images of the autoscaler and the
 * device plugin, and any image of the worker that was built elsewhere, come from registries outside AWS, for which there are no
 * endpoints.
 */
export const natGatewayModes = ["single", "per-zone"] as const;
/** Number of NAT gateways: one for the whole VPC, or one for each zone. */
export type NatGatewayMode = (typeof natGatewayModes)[number];

/** Defaults of the options of a network. */
export const networkDefaults = {
  natGateways: "single",
  interfaceEndpoints: [],
} as const satisfies Partial<NetworkOptions>;

/** Options of a VPC that the platform creates. An environment sets them as `network`. */
export interface NetworkOptions {
  /** IPv4 block of the VPC, from /16 to /22, for example `10.0.0.0/16`. */
  readonly cidrBlock: string;
  /**
   * NAT gateways, through which nodes reach the internet. Each costs about $33 a month, and 4.5 cents for each GB. With `single`,
   * all nodes lose the internet when its zone fails; `per-zone` pays for one gateway in each zone. There is no network without one,
   * because images come from registries outside AWS; {@link existingNetwork} can have another way there.
   * @default "single"
   */
  readonly natGateways?: NatGatewayMode | undefined;
  /**
   * AWS services that nodes reach without the NAT gateway, for example `["ecr.api", "ecr.dkr"]`. Each costs about $7.30 a month in
   * each zone.
   * @default []
   */
  readonly interfaceEndpoints?: readonly InterfaceEndpointService[] | undefined;
  /**
   * Days that CloudWatch Logs keeps records of all traffic, for example 90. CloudWatch takes certain numbers only, from 1 to
   * 3653, and charges 50 cents for each GB.
   * @default - no flow logs
   */
  readonly flowLogRetentionInDays?: number | undefined;
}

/** Schema of the {@link NetworkOptions}. */
export const networkOptionsSchema = z.strictObject({
  cidrBlock: text({ allowed: allowedVpcBlock, example: "10.0.0.0/16" }),
  natGateways: word(natGatewayModes, {
    example: "per-zone",
    default: networkDefaults.natGateways,
    fix: 'use for example "single"; nodes pull images from registries outside AWS, and only an existingNetwork can have another way there',
  }).optional(),
  interfaceEndpoints: list(word(interfaceEndpointServices, { example: "ecr.api" }), {
    allowed: "a list of AWS services",
    example: ["ecr.api", "ecr.dkr"],
    default: networkDefaults.interfaceEndpoints,
  }).optional(),
  flowLogRetentionInDays: number({ allowed: allowedRetention, example: 90 }).optional(),
} satisfies ShapeOf<NetworkOptions>);

/** A VPC that the platform creates, with its name and place. */
export interface NetworkProps extends NetworkOptions {
  /** Value of the `Name` tag of the VPC, and prefix of all other names. */
  readonly name: string;
  /** AWS region, for example `us-west-2`: part of the service names of endpoints. */
  readonly region: string;
  /** The twelve digits of the AWS account, for example `111122223333`: flow logs may be written for this account only. */
  readonly accountId: string;
  /** Two to six zones of the region, for example `["us-west-2a", "us-west-2b"]`. */
  readonly availabilityZones: readonly string[];
}

/** A VPC with a private and a public subnet in each zone. Nodes have private addresses only. */
export class Network extends Construct implements INetwork {
  /** The underlying `aws_vpc`, for settings without an option here. */
  readonly resource: Vpc;
  readonly vpcId: string;
  readonly privateSubnetIds: Readonly<Record<string, string>>;
  /** Ids of the subnets for load balancers and NAT gateways, by availability zone. */
  readonly publicSubnetIds: Readonly<Record<string, string>>;
  readonly dependables: readonly ITerraformDependable[];

  private readonly name: string;

  /**
   * @throws InvalidConfigurationError for a block that AWS refuses or that is too small for its subnets, for a number of zones other
   * than two to six, for zones without a place in the layout of the VPC, and for a number of days that CloudWatch Logs does not allow.
   */
  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    throwIfAny(`network ${show(props.name)}`, problemsOf(props));
    const layout = subnetLayout(props.cidrBlock, props.availabilityZones);
    this.name = props.name;

    const vpc = new Vpc(this, "vpc", {
      cidrBlock: props.cidrBlock,
      // Interface endpoints need both to answer under the services' own names.
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: props.name },
    });
    this.resource = vpc;
    this.vpcId = vpc.id;
    // A security group without rules: resources that fall back to the default group can neither send nor receive.
    new DefaultSecurityGroup(this, "default-security-group", { vpcId: vpc.id, tags: { Name: `${props.name}-unused` } });
    const internetGateway = new InternetGateway(this, "internet-gateway", {
      vpcId: vpc.id,
      tags: { Name: props.name },
    });

    const publicSubnets = this.subnets("public", vpc, layout);
    const privateSubnets = this.subnets("private", vpc, layout);
    this.publicSubnetIds = idsByZone(publicSubnets);
    this.privateSubnetIds = idsByZone(privateSubnets);

    const publicRoutes = this.publicRoutes(vpc, internetGateway, publicSubnets);
    const natGateways = this.natGateways(props.natGateways ?? networkDefaults.natGateways, publicSubnets, publicRoutes);
    const privateRoutes = this.privateRoutes(vpc, privateSubnets, natGateways);

    const endpoints = new VpcEndpoints(this, "endpoints", {
      name: props.name,
      region: props.region,
      vpcId: vpc.id,
      vpcCidrBlock: props.cidrBlock,
      routeTableIds: privateRoutes.routeTables.map((table) => table.id),
      subnetIds: Object.values(this.privateSubnetIds),
      interfaceEndpoints: props.interfaceEndpoints ?? networkDefaults.interfaceEndpoints,
    });
    // NAT gateways and public routes are covered transitively: private routes reference the gateways, which depend on the public
    // routes.
    this.dependables = [...privateRoutes.dependables, ...endpoints.dependables];

    if (props.flowLogRetentionInDays !== undefined) {
      new FlowLogs(this, "flow-logs", {
        name: props.name,
        accountId: props.accountId,
        vpcId: vpc.id,
        retentionInDays: props.flowLogRetentionInDays,
      });
    }
  }

  private subnets(
    kind: "public" | "private",
    vpc: Vpc,
    layout: readonly ZoneCidrBlocks[],
  ): ReadonlyMap<string, Subnet> {
    // Load balancers find their subnets by these tags.
    // @see https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html
    const role = kind === "public" ? "kubernetes.io/role/elb" : "kubernetes.io/role/internal-elb";
    return new Map(
      layout.map(({ zone, privateCidrBlock, publicCidrBlock }) => [
        zone,
        new Subnet(this, `${kind}-subnet-${zone}`, {
          vpcId: vpc.id,
          availabilityZone: zone,
          cidrBlock: kind === "public" ? publicCidrBlock : privateCidrBlock,
          // NAT gateways and load balancers have addresses of their own, and nothing else belongs in a public subnet.
          mapPublicIpOnLaunch: false,
          tags: { Name: `${this.name}-${kind}-${zone}`, [role]: "1" },
        }),
      ]),
    );
  }

  private publicRoutes(vpc: Vpc, gateway: InternetGateway, subnets: ReadonlyMap<string, Subnet>) {
    const table = new RouteTable(this, "public-route-table", { vpcId: vpc.id, tags: { Name: `${this.name}-public` } });
    const route = new Route(this, "public-route", {
      routeTableId: table.id,
      destinationCidrBlock: "0.0.0.0/0",
      gatewayId: gateway.id,
    });
    const associations = [...subnets].map(
      ([zone, subnet]) =>
        new RouteTableAssociation(this, `public-association-${zone}`, { routeTableId: table.id, subnetId: subnet.id }),
    );
    return [route, ...associations];
  }

  /** The gateway of each zone. */
  private natGateways(
    mode: NatGatewayMode,
    publicSubnets: ReadonlyMap<string, Subnet>,
    publicRoutes: readonly ITerraformDependable[],
  ): ReadonlyMap<string, NatGateway> {
    const gateways = new Map<string, NatGateway>();
    for (const [zone, subnet] of publicSubnets) {
      const [shared] = mode === "single" ? gateways.values() : [];
      gateways.set(zone, shared ?? this.natGateway(zone, subnet, publicRoutes));
    }
    return gateways;
  }

  private natGateway(zone: string, subnet: Subnet, publicRoutes: readonly ITerraformDependable[]): NatGateway {
    const tags = { Name: `${this.name}-${zone}` };
    // AWS refuses to detach an internet gateway while an elastic address is in use, and a NAT gateway whose subnet lost
    // its route forwards nothing. At destroy, both must outlive the NAT gateway and all nodes behind it.
    const dependsOn = [...publicRoutes];
    const address = new Eip(this, `nat-address-${zone}`, {
      domain: "vpc",
      tags,
      dependsOn,
      // Another subnet replaces the gateway, and AWS gives no address to the new gateway that the old one still has.
      lifecycle: { replaceTriggeredBy: [`${subnet.terraformResourceType}.${subnet.friendlyUniqueId}.id`] },
    });
    return new NatGateway(this, `nat-gateway-${zone}`, {
      allocationId: address.id,
      subnetId: subnet.id,
      tags,
      dependsOn,
      // Otherwise Terraform would delete a gateway before the routes point to another one, and nodes would lose their way out.
      lifecycle: { createBeforeDestroy: true },
    });
  }

  /** One table for each zone, in every NAT mode: a change from one gateway to several then changes routes only. */
  private privateRoutes(
    vpc: Vpc,
    subnets: ReadonlyMap<string, Subnet>,
    natGateways: ReadonlyMap<string, NatGateway>,
  ): { routeTables: RouteTable[]; dependables: ITerraformDependable[] } {
    const routeTables: RouteTable[] = [];
    const dependables: ITerraformDependable[] = [];
    for (const [zone, subnet] of subnets) {
      const table = new RouteTable(this, `private-route-table-${zone}`, {
        vpcId: vpc.id,
        tags: { Name: `${this.name}-private-${zone}` },
      });
      routeTables.push(table);
      dependables.push(
        new Route(this, `private-route-${zone}`, {
          routeTableId: table.id,
          destinationCidrBlock: "0.0.0.0/0",
          natGatewayId: (natGateways.get(zone) as NatGateway).id,
        }),
        new RouteTableAssociation(this, `private-association-${zone}`, { routeTableId: table.id, subnetId: subnet.id }),
      );
    }
    return { routeTables, dependables };
  }
}

function problemsOf({ cidrBlock, availabilityZones, flowLogRetentionInDays }: NetworkProps): Problem[] {
  return [
    ...within(["cidrBlock"], cidrProblems(cidrBlock)),
    ...within(["availabilityZones"], zoneProblems(availabilityZones)),
    ...within(["flowLogRetentionInDays"], retentionProblems(flowLogRetentionInDays)),
  ];
}

function idsByZone(subnets: ReadonlyMap<string, Subnet>): Readonly<Record<string, string>> {
  return Object.fromEntries([...subnets].map(([zone, subnet]) => [zone, subnet.id]));
}
