import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { loadBalancerArnPrefix, readinessGateLabel, ServicesIngress } from "../constructs/services/ingress.ts";
import type { PlatformServicesProps } from "../constructs/services/platform-services.ts";
import type { WebService } from "../constructs/services/web-service.ts";
import type { ResolvedEnvironment } from "./configuration/resolved-environment.ts";
import type { PlatformStack } from "./platform-stack.ts";

/** The settings of services behind a load balancer; none without an entry from outside. */
export function behindLoadBalancer(
  { name, region, accountId, services }: ResolvedEnvironment,
  { loadBalancer }: PlatformStack,
): Pick<PlatformServicesProps, "login" | "namespaceLabels" | "callerCidrBlocks"> {
  const ingress = services?.options.ingress;
  if (ingress === undefined || loadBalancer === undefined) return {};
  return {
    login: {
      region,
      loadBalancerArnPrefix: loadBalancerArnPrefix(name, region, accountId),
      clientId: ingress.oidc.clientId,
      issuer: ingress.oidc.issuer,
    },
    namespaceLabels: readinessGateLabel,
    callerCidrBlocks: loadBalancer.cidrBlocks,
  };
}

/** Makes the entry from outside, if the environment has one. */
export function createIngress(
  scope: Construct,
  { services }: ResolvedEnvironment,
  { loadBalancer }: PlatformStack,
  service: WebService,
): void {
  const ingress = services?.options.ingress;
  if (ingress === undefined || loadBalancer === undefined) return;
  const { securityGroupId } = loadBalancer;
  const { loadBalancerHost } = new ServicesIngress(scope, "ingress", { ...ingress, service, securityGroupId });
  // The record of the host points to it, docs/ingress.md.
  new TerraformOutput(scope, "load-balancer-host", { value: loadBalancerHost });
}
