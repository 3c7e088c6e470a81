import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { Keda, kedaOperator } from "../../../constructs/addons/keda.ts";
import { dynamic } from "../../../constructs/pools/capacity.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import { helmProgram } from "../../support/helm.ts";
import { canRun } from "../../support/required.ts";
import { temporaryDirectory } from "../../support/sweep.ts";
import { messageOf, type ResourceJson, synthesize } from "../../support/synthesized.ts";

const directory = temporaryDirectory();
const runsOn = new NodePool({ name: "general", instanceTypes: ["t3.large"], capacity: dynamic(2, 10) });
const make = (identity = kedaOperator as { namespace: string; serviceAccount: string }) =>
  synthesize((stack) => {
    new Keda(stack, "keda", { identity, runsOn, workloadNamespace: "sweep" });
  }).one("helm_release");
const { values: texts, ...release } = make();
const { extraObjects, ...values } = JSON.parse(texts[0]);

describe("KEDA", () => {
  test("is one release in one version, in a namespace that is never deleted", () => {
    expect(release).toEqual({
      name: "keda",
      repository: "https://kedacore.github.io/charts",
      chart: "keda",
      version: "2.20.2",
      namespace: "kube-system",
      atomic: true,
      cleanup_on_fail: true,
      wait: true,
      timeout: 600,
      max_history: 3,
    });
  });

  test("has these values and no others", () => {
    const resources = { requests: { cpu: "100m", memory: "100Mi" }, limits: { cpu: null, memory: "1000Mi" } };
    expect(values).toEqual({
      serviceAccount: { operator: { name: "keda-operator" } },
      nodeSelector: { "node-pool": "general" },
      resources: { operator: resources, metricServer: resources, webhooks: resources },
      permissions: { operator: { restrict: { secret: true } }, metricServer: { restrict: { secret: true } } },
      rbac: { enabledCustomScaledRefKinds: false },
      crds: { additionalAnnotations: { "helm.sh/resource-policy": "keep" } },
    });
  });

  test("is refused with an identity of another namespace, which its pods would not have", () => {
    expect(messageOf(() => make({ namespace: "keda", serviceAccount: "keda-operator" }))).toBe(
      'KEDA has 1 problem:\n  - identity must be in the namespace kube-system, got "keda": make the role with the namespace and the service account of kedaOperator',
    );
  });

  test("lets go of the workload's objects before it is removed, also when their namespace is gone already", () => {
    expect(
      extraObjects.map(({ kind, metadata }: ResourceJson) => [kind, metadata.annotations["helm.sh/hook"]]),
    ).toEqual(["ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Job"].map((kind) => [kind, "pre-delete"]));
    const [account, role, binding, job] = extraObjects;
    expect(role.rules).toEqual([
      {
        apiGroups: ["keda.sh"],
        resources: ["scaledobjects", "triggerauthentications"],
        verbs: ["get", "list", "watch", "delete"],
      },
    ]);
    expect(binding).toMatchObject({
      roleRef: { kind: "ClusterRole", name: role.metadata.name },
      subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace: account.metadata.namespace }],
    });
    const { spec } = job.spec.template;
    expect(spec).toMatchObject({
      serviceAccountName: account.metadata.name,
      nodeSelector: { "node-pool": "general" },
      restartPolicy: "Never",
    });
    expect(spec.containers[0].args).toEqual([
      "delete",
      "scaledobjects.keda.sh,triggerauthentications.keda.sh",
      "--all",
      "--namespace=sweep",
      "--wait=true",
      "--timeout=100s",
    ]);
  });
});

const chart = join(process.env.HELM_CHARTS ?? "", `keda-${release.version}.tgz`);
const helm = helmProgram();
const missing =
  helm === undefined
    ? "HELM names no program, and helm is not on PATH"
    : existsSync(chart)
      ? undefined
      : "HELM_CHARTS names no folder with the chart of KEDA";
const name = "the chart of KEDA";
(canRun(name, "REQUIRE_HELM", missing) ? describe : describe.skip)(name, () => {
  const rendered = (): ResourceJson[] => {
    const file = join(directory, "values.json");
    writeFileSync(file, texts[0]);
    const program = ["template", "keda", chart, "--namespace", release.namespace, "--values", file];
    const { status, stdout, stderr } = spawnSync(helm ?? "", [...program, "--kube-version", "1.35.0"], {
      encoding: "utf8",
      maxBuffer: 2 ** 24,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return parseAllDocuments(stdout)
      .map((document) => document.toJS())
      .filter((object) => object !== null);
  };
  let objects: ResourceJson[] = [];
  beforeAll(() => {
    objects = rendered();
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
    const rules: ResourceJson[] = ofKind("ClusterRole").flatMap((role) => role.rules);
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
    for (const object of extraObjects) expect(objects).toContainEqual(object);
  });
});
