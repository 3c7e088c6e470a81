import { existsSync } from "node:fs";
import { join } from "node:path";
import { Keda, kedaOperator } from "../../constructs/addons/keda.ts";
import { dynamic } from "../../constructs/pools/capacity.ts";
import { NodePool } from "../../constructs/pools/node-pool.ts";
import { canRun } from "../support/required.ts";
import { synthesize } from "../support/synthesized.ts";
import { renderChart } from "./support/helm.ts";
import type { KubernetesObject } from "./support/kubernetes-api.ts";
import { missingForCluster } from "./support/programs.ts";

/*
 * What KEDA's own chart makes of our values. The chart comes from a repository that CI may not reach: HELM_CHARTS names a folder with
 * keda-<version>.tgz.
 */
const release = synthesize((stack) => {
  const runsOn = new NodePool({ name: "general", instanceTypes: ["t3.large"], capacity: dynamic(2, 10) });
  new Keda(stack, "keda", { identity: kedaOperator, runsOn, workloadNamespace: "sweep" });
}).one("helm_release");
const chart = join(process.env.HELM_CHARTS ?? "", `keda-${release.version}.tgz`);

const missingChart = existsSync(chart) ? undefined : `HELM_CHARTS names no folder with keda-${release.version}.tgz`;
const name = "the chart of KEDA";
const canRender =
  canRun(name, "REQUIRE_CLUSTER", missingForCluster()) && canRun(name, "REQUIRE_HELM_CHARTS", missingChart);

(canRender ? describe : describe.skip)(name, () => {
  let objects: KubernetesObject[] = [];
  beforeAll(() => {
    objects = renderChart(release, chart);
  });
  const ofKind = (kind: string) => objects.filter((object) => object.kind === kind);

  test("makes three Deployments on the pool that always has nodes, without a limit of CPU", () => {
    const pods = ofKind("Deployment").map(({ spec }) => spec.template.spec);
    expect(pods).toHaveLength(3);
    for (const pod of pods) {
      expect(pod.nodeSelector).toMatchObject({ "node-pool": "general" });
      expect(pod.containers[0].resources.limits).toEqual({ memory: "1000Mi" });
      expect(pod.containers[0].securityContext).toMatchObject({ allowPrivilegeEscalation: false });
    }
    expect(pods.map(({ serviceAccountName }) => serviceAccountName)).toContain(kedaOperator.serviceAccount);
  });

  test("may not read the Secrets of other namespaces, nor all kinds of objects", () => {
    const rules: KubernetesObject[] = ofKind("ClusterRole").flatMap((role) => role.rules);
    expect(rules.length).toBeGreaterThan(10);
    expect(
      rules.filter(({ resources = [] }) => resources.some((one: string) => /^(secrets|\*|\*\/scale)$/.test(one))),
    ).toEqual([]);
  });

  test("keeps the kinds of its objects when it is removed", () => {
    const kinds = ofKind("CustomResourceDefinition");
    expect(kinds.map(({ spec }) => spec.names.kind)).toEqual(
      expect.arrayContaining(["ScaledObject", "TriggerAuthentication"]),
    );
    for (const { metadata } of kinds) expect(metadata.annotations).toMatchObject({ "helm.sh/resource-policy": "keep" });
  });

  test("makes the objects of its removal as they are written", () => {
    for (const object of JSON.parse(release.values[0]).extraObjects) expect(objects).toContainEqual(object);
  });
});
