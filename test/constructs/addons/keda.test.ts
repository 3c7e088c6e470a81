import { Keda, kedaOperator } from "../../../constructs/addons/keda.ts";
import { dynamic } from "../../../constructs/pools/capacity.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import { messageOf, type ResourceJson, synthesize } from "../../support/synthesized.ts";

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
