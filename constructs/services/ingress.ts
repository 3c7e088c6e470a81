import { IngressV1 } from "@cdktf/provider-kubernetes/lib/ingress-v1";
import { RoleBindingV1 } from "@cdktf/provider-kubernetes/lib/role-binding-v1";
import { RoleV1 } from "@cdktf/provider-kubernetes/lib/role-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { ingressClassName, loadBalancerController } from "../addons/load-balancer-controller.ts";
import { partitionOf } from "../support/iam-policy.ts";
import { throwIfAny } from "../support/problems.ts";
import { terraformText } from "../support/terraform-text.ts";
import type { IngressOptions, OidcOptions } from "./ingress-options.ts";
import { ingressProblems } from "./ingress-problems.ts";
import type { WebService } from "./web-service.ts";

/** Label of a namespace whose new pods wait until the load balancer sends to them, so that no request fails while pods are replaced. */
export const readinessGateLabel = { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" } as const;

/** Beginning of the paths of the API. */
const apiPath = "/api";

/** Seconds after which people log in again. The default of AWS is a week. */
const sessionSeconds = 12 * 60 * 60;

/** An entry from outside, and the service behind it. */
export interface ServicesIngressProps extends IngressOptions {
  /** The service with the page, which passes the paths of the API on. */
  readonly service: Pick<WebService, "serviceName" | "namespace" | "dependables">;
  /** Id of the load balancer's security group, for example that of a `LoadBalancerGroup`. */
  readonly securityGroupId: string;
}

/**
 * An entry from outside for a service with a page: people log in at the load balancer, which lets nobody else through. Without a login, it
 * sends a request for a page to the identity provider, and answers one to the API with 401, because a script cannot log in.
 */
export class ServicesIngress extends Construct {
  /** The underlying `kubernetes_ingress_v1` of the pages, for settings without an option here. */
  readonly resource: IngressV1;
  /** Name of the load balancer in AWS's DNS. The record of the host points to it. */
  readonly loadBalancerHost: string;

  /** @throws InvalidConfigurationError with everything that is wrong with the options. */
  constructor(scope: Construct, id: string, props: ServicesIngressProps) {
    super(scope, id);
    throwIfAny("ingress", ingressProblems(props));
    const { oidc, service } = props;
    const { namespace } = service;
    // Without it, the controller may read no Secret. It watches the one that it is told of.
    const reader = { name: "load-balancer-login", namespace };
    const role = new RoleV1(this, "secret-reader", {
      metadata: reader,
      rule: [
        { apiGroups: [""], resources: ["secrets"], resourceNames: [oidc.secretName], verbs: ["get", "list", "watch"] },
      ],
      dependsOn: [...service.dependables],
    });
    const binding = new RoleBindingV1(this, "secret-reader-binding", {
      metadata: reader,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: reader.name },
      subject: [
        {
          kind: "ServiceAccount",
          name: loadBalancerController.serviceAccount,
          namespace: loadBalancerController.namespace,
        },
      ],
      dependsOn: [role],
    });
    // The service and its namespace with it.
    const dependsOn = [binding];
    // The rules of a load balancer are tried in their order, and the pages have all paths.
    this.ingress("api", props, { path: apiPath, order: 1, unauthenticated: "deny" }, dependsOn);
    this.resource = this.ingress("pages", props, { path: "/", order: 2, unauthenticated: "authenticate" }, dependsOn);
    this.loadBalancerHost = this.resource.status.get(0).loadBalancer.get(0).ingress.get(0).hostname;
  }

  private ingress(
    id: string,
    { host, oidc, securityGroupId, service }: ServicesIngressProps,
    { path, order, unauthenticated }: Rule,
    dependsOn: readonly ITerraformDependable[],
  ): IngressV1 {
    const annotations: Readonly<Record<string, string>> = {
      "group.order": String(order),
      "listen-ports": JSON.stringify([{ HTTP: 80 }, { HTTPS: 443 }]),
      "security-groups": securityGroupId,
      "manage-backend-security-group-rules": "false",
      "healthcheck-path": "/ready",
      "healthcheck-interval-seconds": "10",
      "healthcheck-timeout-seconds": "5",
      "healthy-threshold-count": "2",
      "unhealthy-threshold-count": "2",
      // Shorter than the 30 s for which a pod goes on serving after its end was announced.
      "target-group-attributes": "deregistration_delay.timeout_seconds=20",
      ...loginAnnotations(oidc, unauthenticated),
    };
    return new IngressV1(this, id, {
      metadata: {
        name: `${service.serviceName}-${id}`,
        namespace: service.namespace,
        annotations: Object.fromEntries(
          Object.entries(annotations).map(([name, value]) => [`alb.ingress.kubernetes.io/${name}`, value]),
        ),
      },
      // The address of the load balancer is then an output, and an error of the controller fails the deploy.
      waitForLoadBalancer: true,
      spec: {
        ingressClassName,
        rule: [
          {
            host,
            http: {
              path: [
                {
                  path,
                  pathType: "Prefix",
                  backend: { service: { name: service.serviceName, port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
      // Deleting waits until the load balancer is gone, which takes minutes.
      timeouts: { create: "15m", delete: "20m" },
      dependsOn: [...dependsOn],
    });
  }
}

interface Rule {
  readonly path: string;
  readonly order: number;
  /** What the load balancer does with a request without a login. */
  readonly unauthenticated: "authenticate" | "deny";
}

/** @see https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/guide/ingress/annotations.md#authentication */
function loginAnnotations(
  oidc: OidcOptions,
  unauthenticated: Rule["unauthenticated"],
): Readonly<Record<string, string>> {
  const { issuer, authorizationEndpoint, tokenEndpoint, userInfoEndpoint, secretName } = oidc;
  const provider = { issuer, authorizationEndpoint, tokenEndpoint, userInfoEndpoint, secretName };
  return {
    "auth-type": "oidc",
    "auth-idp-oidc": terraformText(JSON.stringify(provider)),
    "auth-scope": "openid email",
    "auth-on-unauthenticated-request": unauthenticated,
    "auth-session-timeout": String(sessionSeconds),
    // One name for all rules, because a login on a page is one for the API.
    "auth-session-cookie": "AWSELBAuthSessionCookie",
  };
}

/** Name of the load balancer of an environment. It is known before the load balancer exists, so that the API can check its signature. */
export function loadBalancerName(environment: string): string {
  return `services-${environment}`;
}

/** ARN of the load balancer without its last part, which AWS makes up. */
export function loadBalancerArnPrefix(environment: string, region: string, accountId: string): string {
  const name = loadBalancerName(environment);
  return `arn:${partitionOf(region)}:elasticloadbalancing:${region}:${accountId}:loadbalancer/app/${name}/`;
}
