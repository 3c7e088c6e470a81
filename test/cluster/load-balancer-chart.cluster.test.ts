import { existsSync } from "node:fs";
import { join } from "node:path";
import { LoadBalancerController, loadBalancerController } from "../../constructs/addons/load-balancer-controller.ts";
import { dynamic } from "../../constructs/pools/capacity.ts";
import { NodePool } from "../../constructs/pools/node-pool.ts";
import { testCluster } from "../support/fixtures.ts";
import { ingress } from "../support/ingress.ts";
import { canRun } from "../support/required.ts";
import { synthesize } from "../support/synthesized.ts";
import type { ControlPlane } from "./support/control-plane.ts";
import { definitionsOf, renderChart } from "./support/helm.ts";
import type { KubernetesObject } from "./support/kubernetes-api.ts";
import { missingForCluster } from "./support/programs.ts";
import { describeWithControlPlane } from "./support/with-control-plane.ts";

/*
 * The objects that the controller's own chart makes of our values. The chart comes from a repository that CI may not reach: HELM_CHARTS names a folder
 * with aws-load-balancer-controller-<version>.tgz.
 */
const release = synthesize((stack) => {
  new LoadBalancerController(stack, "controller", {
    cluster: testCluster,
    vpcId: "vpc-0123456789abcdef0",
    identity: loadBalancerController,
    runsOn: new NodePool({ name: "general", instanceTypes: ["t3.large"], capacity: dynamic(2, 10) }),
    loadBalancer: {
      name: "services-test",
      scheme: "internet-facing",
      subnetIds: ["subnet-3a1b2c3d", "subnet-4a1b2c3d"],
      allowedCidrs: ingress.allowedCidrs,
      certificateArn: ingress.certificateArn,
      namespace: "platform-services",
      tags: { Environment: "test" },
    },
  });
}).one("helm_release");
const chart = join(process.env.HELM_CHARTS ?? "", `${release.chart}-${release.version}.tgz`);

const name = "the chart of the load balancer controller";
const missingChart = existsSync(chart)
  ? undefined
  : `HELM_CHARTS names no folder with ${release.chart}-${release.version}.tgz`;
const canRender =
  canRun(name, "REQUIRE_CLUSTER", missingForCluster()) && canRun(name, "REQUIRE_HELM_CHARTS", missingChart);
if (canRender) describeWithControlPlane(name, { kwok: false }, defineTests);
else describe.skip(name, () => defineTests(() => ({}) as ControlPlane));

function defineTests(plane: () => ControlPlane): void {
  let objects: KubernetesObject[] = [];
  beforeAll(() => {
    objects = renderChart(release, chart).flatMap((object) => (object.kind === "List" ? object.items : [object]));
  });
  const ofKind = (kind: string) => objects.filter((object) => object.kind === kind);

  test("makes two pods on the pool that always has nodes, which ask no machine where they are", () => {
    const [deployment] = ofKind("Deployment");
    expect(deployment?.spec).toMatchObject({ replicas: 2 });
    const { spec } = deployment?.spec.template ?? {};
    expect(spec).toMatchObject({
      serviceAccountName: loadBalancerController.serviceAccount,
      nodeSelector: { "node-pool": "general" },
    });
    const [{ args, resources, securityContext }] = spec.containers;
    expect(args.sort()).toEqual([
      "--aws-region=us-west-2",
      "--aws-vpc-id=vpc-0123456789abcdef0",
      "--cluster-name=test-platform",
      "--default-target-type=ip",
      "--disable-ingress-class-annotation=true",
      "--disable-ingress-group-name-annotation=true",
      "--enable-backend-security-group=false",
      "--enable-shield=false",
      "--enable-waf=false",
      "--enable-wafv2=false",
      "--feature-gates=ALBGatewayAPI=false,EnableServiceController=false,NLBGatewayAPI=false",
      "--ingress-class=alb",
    ]);
    expect(resources).toEqual({ requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "512Mi" } });
    expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } });
    expect(ofKind("PodDisruptionBudget").map(({ spec: budget }) => budget.maxUnavailable)).toEqual([1]);
  });

  test("stands in the way of no new Service, and of no pod outside the namespaces that ask for it", () => {
    const webhooks: KubernetesObject[] = [
      ...ofKind("MutatingWebhookConfiguration"),
      ...ofKind("ValidatingWebhookConfiguration"),
    ].flatMap((configuration) => configuration.webhooks);
    expect(webhooks.length).toBeGreaterThan(5);
    const resourcesOf = ({ rules }: KubernetesObject): string[] =>
      rules.flatMap(({ resources }: KubernetesObject) => resources);
    expect(webhooks.flatMap(resourcesOf)).not.toContain("services");
    const ofPods = webhooks.filter((webhook) => resourcesOf(webhook).includes("pods"));
    const readiness = ofPods.filter(({ name: webhook }) => webhook === "mpod.elbv2.k8s.aws");
    expect(readiness).toEqual([
      expect.objectContaining({
        failurePolicy: "Ignore",
        namespaceSelector: {
          matchExpressions: [{ key: "elbv2.k8s.aws/pod-readiness-gate-inject", operator: "In", values: ["enabled"] }],
        },
      }),
    ]);
    // The others change pods that have a label of their own, which none of ours has.
    for (const { namespaceSelector, objectSelector } of ofPods) {
      expect(JSON.stringify([namespaceSelector, objectSelector])).toMatch(/"operator":"In"/);
    }
  });

  test("may read no Secret of the cluster", () => {
    const rules: KubernetesObject[] = ofKind("ClusterRole").flatMap((role) => role.rules);
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.filter(({ resources = [] }) => resources.some((one: string) => /^(secrets|\*)$/.test(one)))).toEqual(
      [],
    );
  });

  test("has parameters of its class that the definition allows, strictly and without a warning", async () => {
    const { api } = plane();
    const definitions = definitionsOf(chart);
    for (const definition of definitions) await api.create(definition);
    for (const definition of definitions) {
      await api.until(definition, (one) =>
        (one?.status?.conditions ?? []).some(
          ({ type, status }: KubernetesObject) => type === "Established" && status === "True",
        ),
      );
    }
    const [parameters = {}] = ofKind("IngressClassParams");
    const [ingressClass = {}] = ofKind("IngressClass");
    const created = await api.create(parameters);
    // The API server drops nothing of it.
    expect(created.spec).toEqual(parameters.spec);
    expect(created.spec).toEqual(JSON.parse(release.values[0]).ingressClassParams.spec);
    await api.create(ingressClass);
    expect(ingressClass.spec).toEqual({
      controller: "ingress.k8s.aws/alb",
      parameters: { apiGroup: "elbv2.k8s.aws", kind: "IngressClassParams", name: parameters.metadata.name },
    });
    const wrong = (spec: object) =>
      api.create({ ...parameters, metadata: { name: "wrong" }, spec: { ...parameters.spec, ...spec } });
    await expect(wrong({ scheme: "public" })).rejects.toThrow(/spec\.scheme: Unsupported value/);
    await expect(wrong({ subnets: { ids: ["vpc-1"] } })).rejects.toThrow(/spec\.subnets\.ids/);
    await expect(wrong({ loadbalancerName: "a" })).rejects.toThrow(/unknown field "spec\.loadbalancerName"/);
  });
}
