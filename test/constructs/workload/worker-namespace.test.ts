import { TerraformOutput } from "cdktf";
import { WorkerNamespace } from "../../../constructs/workload/worker-namespace.ts";
import { toDns, toHttps, toPodIdentityAgent } from "../../support/network-policies.ts";
import { synthesize } from "../../support/synthesized.ts";

const workers = {
  "app.kubernetes.io/component": "worker",
  "app.kubernetes.io/part-of": "evaluation-platform",
};
let namespace: WorkerNamespace | undefined;
const made = synthesize((stack) => {
  namespace = new WorkerNamespace(stack, "namespace", {
    name: "sweep",
    serviceAccounts: ["worker-one", "worker-two"],
    kubernetesVersion: "1.35",
  });
  new TerraformOutput(stack, "name", { value: namespace.namespace });
});

describe("the namespace of workers", () => {
  test("takes pods under the restricted standard of the cluster's own minor only", () => {
    expect(made.one("kubernetes_namespace_v1").metadata).toEqual({
      name: "sweep",
      labels: {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/enforce-version": "v1.35",
        "pod-security.kubernetes.io/audit": "restricted",
        "pod-security.kubernetes.io/audit-version": "v1.35",
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/warn-version": "v1.35",
      },
    });
  });

  test("waits for its last pod, and hands on its name as a text, which the name of a Job needs", () => {
    expect(made.one("kubernetes_namespace_v1").timeouts).toEqual({ delete: "15m" });
    expect(made.json.output?.name?.value).toBe("sweep");
  });

  test("has the service accounts that the platform's roles are bound to, without tokens for the Kubernetes API", () => {
    for (const name of ["worker-one", "worker-two"]) {
      expect(made.one("kubernetes_service_account_v1", `namespace_service-account-${name}_`)).toEqual({
        metadata: { name, namespace: "sweep", labels: workers },
        automount_service_account_token: false,
        depends_on: [made.address("kubernetes_namespace_v1")],
      });
    }
  });

  test("has its network policies in it", () => {
    for (const name of ["deny-all", "allow-workers"]) {
      const policy = made.one("kubernetes_network_policy_v1", `namespace_${name}`);
      expect(policy.metadata).toEqual({ name, namespace: "sweep" });
    }
  });

  test("lets nothing in and nothing out", () => {
    expect(made.one("kubernetes_network_policy_v1", "namespace_deny-all").spec).toEqual({
      pod_selector: {},
      policy_types: ["Ingress", "Egress"],
    });
  });

  test("lets workers out to DNS, to their credentials and to S3, and nowhere else", () => {
    const { spec } = made.one("kubernetes_network_policy_v1", "namespace_allow-workers");
    expect(spec.pod_selector).toEqual({ match_labels: workers });
    expect(spec.policy_types).toEqual(["Egress"]);
    expect(spec.egress).toEqual([toDns, toPodIdentityAgent, toHttps]);
  });

  test("is destroyed after all that is in it, pods included", () => {
    const address = made.address("kubernetes_namespace_v1");
    for (const type of ["kubernetes_service_account_v1", "kubernetes_network_policy_v1"]) {
      for (const resource of made.all(type)) expect(resource.depends_on).toEqual([address]);
    }
    expect(namespace?.dependables).toHaveLength(5);
  });
});
