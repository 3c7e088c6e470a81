import { DataAwsSubnet } from "@cdktf/provider-aws/lib/data-aws-subnet";
import type { Construct } from "constructs";
import { loadBalancerController } from "../constructs/addons/load-balancer-controller.ts";
import { loadBalancerControllerPolicy } from "../constructs/addons/load-balancer-controller-policy.ts";
import type { Cluster } from "../constructs/cluster/cluster.ts";
import { PodIdentityRole } from "../constructs/cluster/pod-identity-role.ts";
import { LoadBalancerGroup } from "../constructs/network/load-balancer-group.ts";
import type { INetwork } from "../constructs/network/network.ts";
import { subnetLayout } from "../constructs/network/subnet-layout.ts";
import { loadBalancerName } from "../constructs/services/ingress.ts";
import { defaultIngressScheme, type IngressOptions } from "../constructs/services/ingress-options.ts";
import { webServiceDefaults } from "../constructs/services/web-service-props.ts";
import type { ResolvedEnvironment } from "./configuration/resolved-environment.ts";

/** The parts of the services' load balancer that outlive it. */
export interface PlatformLoadBalancer {
  /** Identity of its controller. */
  readonly role: PodIdentityRole;
  readonly securityGroupId: string;
  /** Its subnets, one in each zone. */
  readonly subnetIds: readonly string[];
  /** The blocks of addresses of its subnets, from which it sends requests. */
  readonly cidrBlocks: readonly string[];
}

/** Undefined without an entry from outside. */
export function platformLoadBalancer(
  scope: Construct,
  environment: ResolvedEnvironment,
  cluster: Cluster,
  network: INetwork,
): PlatformLoadBalancer | undefined {
  const { name, region, accountId, services } = environment;
  const ingress = services?.options.ingress;
  if (ingress === undefined) return undefined;
  const role = new PodIdentityRole(scope, "load-balancer-identity", {
    cluster,
    name: `${name}-load-balancer`,
    ...loadBalancerController,
    description: "AWS Load Balancer Controller",
    policyStatements: loadBalancerControllerPolicy({
      clusterName: cluster.clusterName,
      region,
      accountId,
      loadBalancerName: loadBalancerName(name),
    }),
  });
  const { securityGroupId } = new LoadBalancerGroup(scope, "load-balancer", {
    name: `${name}-load-balancer`,
    vpcId: network.vpcId,
    allowedCidrs: ingress.allowedCidrs,
    targets: { securityGroupId: cluster.clusterSecurityGroupId, port: webServiceDefaults.port },
    dependsOn: role.dependables,
  });
  return { role, securityGroupId, ...subnetsOf(scope, environment, network, ingress) };
}

function subnetsOf(
  scope: Construct,
  { network: settings, availabilityZones }: ResolvedEnvironment,
  { privateSubnetIds, publicSubnetIds = {} }: INetwork,
  { scheme = defaultIngressScheme }: IngressOptions,
): Pick<PlatformLoadBalancer, "subnetIds" | "cidrBlocks"> {
  const isInternal = scheme === "internal";
  const byZone = Object.entries(isInternal ? privateSubnetIds : publicSubnetIds);
  const subnetIds = byZone.map(([, id]) => id);
  if (settings.kind === "new") {
    const layout = subnetLayout(settings.cidrBlock, availabilityZones);
    return {
      subnetIds,
      cidrBlocks: layout.map(({ privateCidrBlock, publicCidrBlock }) =>
        isInternal ? privateCidrBlock : publicCidrBlock,
      ),
    };
  }
  // Only AWS knows the blocks of a network that somebody else has made. The ids are known, so that a plan shows the blocks.
  const cidrBlocks = byZone.map(
    ([zone, id]) => new DataAwsSubnet(scope, `load-balancer-subnet-${zone}`, { id }).cidrBlock,
  );
  return { subnetIds, cidrBlocks };
}
