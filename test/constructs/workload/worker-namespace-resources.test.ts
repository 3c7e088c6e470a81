import { TerraformOutput } from "cdktf";
import { WorkerNamespace } from "../../../constructs/workload/worker-namespace.ts";
import { synthesize } from "../../support/synthesized.ts";

const made = synthesize((stack) => {
  const { namespace, serviceAccountName } = new WorkerNamespace(stack, "namespace", {
    name: "sweep",
    serviceAccount: "worker",
    kubernetesVersion: "1.35",
  });
  new TerraformOutput(stack, "names", { value: [namespace, serviceAccountName] });
});
const workers = {
  "app.kubernetes.io/component": "worker",
  "app.kubernetes.io/part-of": "evaluation-platform",
};
const depends_on = [made.address("kubernetes_namespace_v1")];

describe("the namespace of workers", () => {
  test("waits for its last pod, and hands on its names as texts, which the name of a Job needs", () => {
    expect(made.one("kubernetes_namespace_v1").timeouts).toEqual({ delete: "15m" });
    expect(made.json.output?.names?.value).toEqual(["sweep", "worker"]);
  });

  test("has one service account, labelled as a part of the platform", () => {
    expect(made.one("kubernetes_service_account_v1")).toEqual({
      metadata: { name: "worker", namespace: "sweep", labels: workers },
      automount_service_account_token: false,
      depends_on,
    });
  });

  test("has its network policies in place before a pod, in the namespace", () => {
    expect(made.one("kubernetes_network_policy_v1", "namespace_deny-all")).toMatchObject({
      metadata: { name: "deny-all", namespace: "sweep" },
      depends_on,
    });
    expect(made.one("kubernetes_network_policy_v1", "namespace_allow-workers")).toMatchObject({
      metadata: { name: "allow-workers", namespace: "sweep" },
      depends_on,
    });
  });
});
