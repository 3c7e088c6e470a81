import { LoadBalancerController, loadBalancerController } from "../../../constructs/addons/load-balancer-controller.ts";
import { dynamic } from "../../../constructs/pools/capacity.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import { testCluster } from "../../support/fixtures.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

const runsOn = new NodePool({ name: "general", instanceTypes: ["t3.large"], capacity: dynamic(2, 10) });
const certificateArn = "arn:aws:acm:us-west-2:111122223333:certificate/1";

function make(changes: { readonly serviceAccount?: string; readonly name?: string; readonly tag?: string } = {}) {
  const { serviceAccount = "aws-load-balancer-controller", name = "services-test", tag = "test" } = changes;
  return synthesize((stack) => {
    new LoadBalancerController(stack, "controller", {
      cluster: testCluster,
      vpcId: "vpc-1",
      identity: { ...loadBalancerController, serviceAccount },
      runsOn,
      loadBalancer: {
        name,
        scheme: "internet-facing",
        subnetIds: ["subnet-1", "subnet-2"],
        allowedCidrs: ["203.0.113.0/24"],
        certificateArn,
        namespace: "platform-services",
        tags: { Environment: tag },
      },
    });
  }).one("helm_release");
}

describe("the load balancer controller", () => {
  const { values: texts, ...release } = make();
  const { ingressClassParams, ...values } = JSON.parse(texts[0]);

  test("is one release in one version, in a namespace that is never deleted", () => {
    expect(release).toEqual({
      name: "aws-load-balancer-controller",
      repository: "https://aws.github.io/eks-charts",
      chart: "aws-load-balancer-controller",
      version: "3.5.0",
      namespace: "kube-system",
      atomic: true,
      cleanup_on_fail: true,
      wait: true,
      timeout: 600,
      max_history: 3,
    });
  });

  test("has these values and no others", () => {
    expect(values).toEqual({
      clusterName: "test-platform",
      region: "us-west-2",
      vpcId: "vpc-1",
      serviceAccount: { name: "aws-load-balancer-controller" },
      replicaCount: 2,
      podDisruptionBudget: { maxUnavailable: 1 },
      resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "512Mi" } },
      nodeSelector: { "node-pool": "general" },
      podSecurityContext: { fsGroup: 65534, seccompProfile: { type: "RuntimeDefault" } },
      securityContext: {
        runAsNonRoot: true,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
      enableServiceMutatorWebhook: false,
      keepTLSSecret: true,
      enableBackendSecurityGroup: false,
      enableShield: false,
      enableWaf: false,
      enableWafv2: false,
      disableIngressClassAnnotation: true,
      disableIngressGroupNameAnnotation: true,
      clusterSecretsPermissions: { allowAllSecrets: false },
      controllerConfig: {
        featureGates: { EnableServiceController: false, ALBGatewayAPI: false, NLBGatewayAPI: false },
      },
      defaultTargetType: "ip",
      ingressClass: "alb",
      createIngressClassResource: true,
    });
  });

  test("makes one load balancer for the Ingresses of one namespace, which cannot change it", () => {
    expect(ingressClassParams).toEqual({
      create: true,
      spec: {
        loadBalancerName: "services-test",
        group: { name: "services-test" },
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "platform-services" } },
        scheme: "internet-facing",
        subnets: { ids: ["subnet-1", "subnet-2"] },
        inboundCIDRs: ["203.0.113.0/24"],
        certificateArn: [certificateArn],
        sslPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06",
        sslRedirectPort: "443",
        ipAddressType: "ipv4",
        targetType: "ip",
        loadBalancerAttributes: [
          { key: "idle_timeout.timeout_seconds", value: "60" },
          { key: "routing.http.drop_invalid_header_fields.enabled", value: "true" },
        ],
        tags: [{ key: "Environment", value: "test" }],
      },
    });
  });

  test("takes characters of tags literally that Terraform would take for an expression", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Terraform's.
    expect(make({ tag: "${a}" }).values[0]).toContain('{"key":"Environment","value":"$${a}"}');
  });

  test("is refused with an identity that its pods would not have", () => {
    expect(messageOf(() => make({ serviceAccount: "default" }))).toBe(
      "load balancer controller has 1 problem:\n  - identity must be that of the service account aws-load-balancer-controller in kube-system, got default in kube-system: make the role with the namespace and the service account of loadBalancerController",
    );
  });

  test.each(["internal-dev", "-dev", "dev-", "a.b", "a".repeat(33), ""])(
    "is refused with the name %p, which AWS takes for no load balancer",
    (name) => {
      expect(messageOf(() => make({ name }))).toBe(
        `load balancer controller has 1 problem:\n  - loadBalancer.name must be up to 32 letters, digits and hyphens between them, without "internal-" at the beginning, got "${name}": use for example "services-dev"`,
      );
    },
  );
});
