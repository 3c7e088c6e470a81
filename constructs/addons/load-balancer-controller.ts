import type { Release } from "@cdktf/provider-helm/lib/release";
import { Construct } from "constructs";
import type { ICluster } from "../cluster/cluster.ts";
import type { PodIdentityRole } from "../cluster/pod-identity-role.ts";
import type { NodePool } from "../pools/node-pool.ts";
import { show, throwIfAny } from "../support/problems.ts";
import { terraformTexts } from "../support/terraform-text.ts";
import { type Chart, chartRelease, type ResourceRequirements } from "./chart-release.ts";

/** @see https://github.com/kubernetes-sigs/aws-load-balancer-controller/tree/v3.5.0/helm/aws-load-balancer-controller */
const chart: Chart = {
  name: "aws-load-balancer-controller",
  repository: "https://aws.github.io/eks-charts",
  version: "3.5.0",
};

/** The namespace and the service account of the controller, which makes the load balancer. */
export const loadBalancerController = {
  namespace: "kube-system",
  serviceAccount: "aws-load-balancer-controller",
} as const;

/** The class of the Ingresses that share the load balancer. */
export const ingressClassName = "alb";

/** TLS 1.2 and 1.3 with forward secrecy. The controller's own default allows TLS 1.0. */
const sslPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/** The load balancer that all Ingresses share. An Ingress can change none of it. */
export interface SharedLoadBalancer {
  /** Name of the load balancer, unique in its account and region, at most 32 characters. */
  readonly name: string;
  /** `internet-facing` has public addresses, `internal` those of the VPC only. */
  readonly scheme: "internet-facing" | "internal";
  /** A subnet in each of two zones or more: public ones, if the load balancer is `internet-facing`. */
  readonly subnetIds: readonly string[];
  /** Blocks of addresses that may reach it. Its security group enforces them; here they are for people who look. */
  readonly allowedCidrs: readonly string[];
  /** ARN of its certificate of ACM. */
  readonly certificateArn: string;
  /** The only namespace whose Ingresses may use it. */
  readonly namespace: string;
  /** Tags of all that the controller makes. */
  readonly tags: Readonly<Record<string, string>>;
}

/** The controller, its place, and the load balancer that it makes. */
export interface LoadBalancerControllerProps {
  readonly cluster: ICluster;
  /** Id of the cluster's VPC. The controller would ask its machine for it, and machines answer no pod. */
  readonly vpcId: string;
  /** The role of its pods, for {@link loadBalancerController}, with the permissions of `loadBalancerControllerPolicy`. */
  readonly identity: Pick<PodIdentityRole, "namespace" | "serviceAccount">;
  /** The pool on which the controller itself runs: one without taints that always has a node. */
  readonly runsOn: NodePool;
  readonly loadBalancer: SharedLoadBalancer;
}

/** The keys of the chart's values that are set here. */
interface LoadBalancerControllerValues {
  readonly clusterName: string;
  readonly region: string;
  readonly vpcId: string;
  readonly serviceAccount: { readonly name: string };
  readonly replicaCount: number;
  readonly podDisruptionBudget: { readonly maxUnavailable: number };
  readonly resources: ResourceRequirements;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly podSecurityContext: object;
  readonly securityContext: object;
  readonly enableServiceMutatorWebhook: false;
  readonly keepTLSSecret: true;
  readonly enableBackendSecurityGroup: false;
  readonly enableShield: false;
  readonly enableWaf: false;
  readonly enableWafv2: false;
  readonly disableIngressClassAnnotation: true;
  readonly disableIngressGroupNameAnnotation: true;
  readonly clusterSecretsPermissions: { readonly allowAllSecrets: false };
  readonly controllerConfig: { readonly featureGates: Readonly<Record<string, boolean>> };
  readonly defaultTargetType: "ip";
  readonly ingressClass: string;
  readonly createIngressClassResource: true;
  readonly ingressClassParams: { readonly create: true; readonly spec: object };
}

/**
 * The AWS Load Balancer Controller: it makes a load balancer of AWS for the Ingresses of one namespace, and registers their pods. Its two
 * pods request 0.2 cores and 256 MiB of the nodes that always run.
 *
 * Destroy the Ingresses first, then the controller, then its role: without the controller an Ingress cannot be deleted, and its load
 * balancer keeps the VPC (aws-load-balancer-controller#1629, #2014, #2220).
 */
export class LoadBalancerController extends Construct {
  /** The underlying `helm_release`, for settings without an option here. */
  readonly resource: Release;

  /** @throws InvalidConfigurationError for an identity of other pods, and for a name that AWS would refuse. */
  constructor(scope: Construct, id: string, props: LoadBalancerControllerProps) {
    super(scope, id);
    const { identity, loadBalancer } = props;
    const { namespace, serviceAccount } = loadBalancerController;
    if (identity.namespace !== namespace || identity.serviceAccount !== serviceAccount) {
      const allowed = `that of the service account ${serviceAccount} in ${namespace}`;
      const got = `${identity.serviceAccount} in ${identity.namespace}`;
      const fix = "make the role with the namespace and the service account of loadBalancerController";
      throwIfAny("load balancer controller", [{ path: ["identity"], allowed, got, fix }]);
    }
    if (!/^(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/.test(loadBalancer.name)) {
      const allowed = 'up to 32 letters, digits and hyphens between them, without "internal-" at the beginning';
      const fix = 'use for example "services-dev"';
      throwIfAny("load balancer controller", [
        { path: ["loadBalancer", "name"], allowed, got: show(loadBalancer.name), fix },
      ]);
    }
    this.resource = chartRelease(this, "release", {
      name: serviceAccount,
      chart,
      namespace,
      values: valuesOf(props),
    });
  }
}

function valuesOf({
  cluster,
  vpcId,
  identity,
  runsOn,
  loadBalancer,
}: LoadBalancerControllerProps): LoadBalancerControllerValues {
  return {
    clusterName: cluster.clusterName,
    region: cluster.region,
    vpcId,
    serviceAccount: { name: identity.serviceAccount },
    replicaCount: 2,
    podDisruptionBudget: { maxUnavailable: 1 },
    // The chart sets none. A pod that is evicted for its memory would leave the validation of Ingresses without an answer.
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "512Mi" } },
    nodeSelector: runsOn.nodeSelector,
    podSecurityContext: { fsGroup: 65534, seccompProfile: { type: "RuntimeDefault" } },
    securityContext: {
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    // It would answer for every new Service of the cluster, so that none could be made while the controller has no pod
    // (aws-load-balancer-controller#4140, eks-charts#1058). It takes over Services of the type LoadBalancer, and there are none.
    enableServiceMutatorWebhook: false,
    // Otherwise each upgrade makes a new certificate, which the API server expects before the pods have it.
    keepTLSSecret: true,
    // Terraform makes the security groups. Those that the controller leaves behind block the VPC (aws-load-balancer-controller#2117).
    enableBackendSecurityGroup: false,
    // Without them it neither needs permissions for WAF and Shield, nor takes a web ACL away that was attached by hand.
    enableShield: false,
    enableWaf: false,
    enableWafv2: false,
    // The class alone decides which load balancer an Ingress gets.
    disableIngressClassAnnotation: true,
    disableIngressGroupNameAnnotation: true,
    clusterSecretsPermissions: { allowAllSecrets: false },
    controllerConfig: {
      // It serves Ingresses and nothing else.
      featureGates: { EnableServiceController: false, ALBGatewayAPI: false, NLBGatewayAPI: false },
    },
    // The load balancer sends to pods and not to nodes. Services then need no port on each node.
    defaultTargetType: "ip",
    ingressClass: ingressClassName,
    createIngressClassResource: true,
    ingressClassParams: { create: true, spec: classParameters(loadBalancer) },
  };
}

/**
 * The administrators' part of the load balancer. An Ingress that says otherwise is overruled.
 * @see https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/guide/ingress/ingress_class.md
 */
function classParameters(loadBalancer: SharedLoadBalancer): object {
  const { name, scheme, subnetIds, allowedCidrs, certificateArn, namespace, tags } = loadBalancer;
  return {
    // One load balancer for all Ingresses of the class, $16.4 a month.
    loadBalancerName: name,
    group: { name },
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    scheme,
    subnets: { ids: subnetIds },
    inboundCIDRs: allowedCidrs,
    certificateArn: [certificateArn],
    sslPolicy,
    sslRedirectPort: "443",
    ipAddressType: "ipv4",
    targetType: "ip",
    loadBalancerAttributes: [
      // The server keeps connections for 65 s, so that the load balancer never uses one that is just being closed.
      { key: "idle_timeout.timeout_seconds", value: "60" },
      { key: "routing.http.drop_invalid_header_fields.enabled", value: "true" },
    ],
    tags: Object.entries(terraformTexts(tags)).map(([key, value]) => ({ key, value })),
  };
}
