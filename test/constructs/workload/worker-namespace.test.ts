import { WorkerNamespace } from "../../../constructs/workload/worker-namespace.ts";
import { synthesize } from "../../support/synthesized.ts";

let namespace: WorkerNamespace | undefined;
const made = synthesize((stack) => {
  namespace = new WorkerNamespace(stack, "namespace", {
    name: "sweep",
    serviceAccount: "worker",
    kubernetesVersion: "1.35",
  });
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

  test("has the service account that the platform's role is bound to, without a token for the Kubernetes API", () => {
    expect(made.one("kubernetes_service_account_v1")).toMatchObject({
      metadata: { name: "worker", namespace: "sweep" },
      automount_service_account_token: false,
    });
  });

  test("lets nothing in and nothing out", () => {
    expect(made.one("kubernetes_network_policy_v1", "namespace_deny-all").spec).toEqual({
      pod_selector: {},
      policy_types: ["Ingress", "Egress"],
    });
  });

  test("lets workers out to DNS, to their credentials and to S3, and nowhere else", () => {
    const { spec } = made.one("kubernetes_network_policy_v1", "namespace_allow-workers");
    expect(spec.pod_selector).toEqual({
      match_labels: { "app.kubernetes.io/component": "worker", "app.kubernetes.io/part-of": "evaluation-platform" },
    });
    expect(spec.policy_types).toEqual(["Egress"]);
    expect(spec.egress).toEqual([
      {
        to: [
          {
            namespace_selector: { match_labels: { "kubernetes.io/metadata.name": "kube-system" } },
            pod_selector: { match_labels: { "k8s-app": "kube-dns" } },
          },
        ],
        ports: [
          { protocol: "UDP", port: "53" },
          { protocol: "TCP", port: "53" },
        ],
      },
      { to: [{ ip_block: { cidr: "169.254.170.23/32" } }], ports: [{ protocol: "TCP", port: "80" }] },
      {
        to: [{ ip_block: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } }],
        ports: [{ protocol: "TCP", port: "443" }],
      },
    ]);
  });

  test("is destroyed after all that is in it, pods included", () => {
    const address = made.address("kubernetes_namespace_v1");
    for (const type of ["kubernetes_service_account_v1", "kubernetes_network_policy_v1"]) {
      for (const resource of made.all(type)) expect(resource.depends_on).toEqual([address]);
    }
    expect(namespace?.dependables).toHaveLength(4);
  });
});
