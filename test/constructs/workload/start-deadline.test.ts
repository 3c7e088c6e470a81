import { StartDeadline } from "../../../constructs/workload/start-deadline.ts";
import { workerLabels } from "../../../constructs/workload/worker-pod.ts";
import type { ResourceJson } from "../../support/synthesized.ts";
import { synthesize } from "../../support/synthesized.ts";
import { devWithJob, synthesizeEnvironment } from "../../support/workload.ts";

const namespace = { fqn: "kubernetes_namespace_v1.sweep" } as ResourceJson;
const made = synthesize((stack) => {
  new StartDeadline(stack, "start-deadline", {
    namespace: "sweep",
    nodeSelector: { "node-pool": "general" },
    dependsOn: [namespace as never],
  });
});
const cronJob = made.one("kubernetes_cron_job_v1");
const pod = cronJob.spec.job_template.spec.template.spec;

describe("the deadline for a pod's start", () => {
  test("first deletes the marked pods that still wait, and then marks those that have a machine and wait", () => {
    const workers = "--selector=app.kubernetes.io/component=worker,app.kubernetes.io/part-of=evaluation-platform";
    const [first] = pod.init_container;
    const [second] = pod.container;
    expect([first.args, second.args]).toEqual([
      [
        "--namespace=sweep",
        "delete",
        "pods",
        `${workers},evaluation-platform/not-started`,
        "--field-selector=status.phase=Pending",
        "--wait=false",
      ],
      [
        "--namespace=sweep",
        "label",
        "pods",
        workers,
        "--field-selector=status.phase=Pending,spec.nodeName!=",
        "--overwrite",
        "evaluation-platform/not-started=true",
      ],
    ]);
    expect(workers.slice("--selector=".length)).toBe(
      Object.entries(workerLabels)
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    );
  });

  test("looks every ten minutes, one look at a time, and gives itself a deadline too", () => {
    expect(cronJob.spec).toMatchObject({
      schedule: "*/10 * * * *",
      concurrency_policy: "Forbid",
      job_template: { spec: { backoff_limit: 0, active_deadline_seconds: 300 } },
    });
  });

  test("may do with pods what its two commands do, and nothing with anything else", () => {
    expect(made.one("kubernetes_role_v1").rule).toEqual([
      { api_groups: [""], resources: ["pods"], verbs: ["get", "list", "patch", "delete"] },
    ]);
    const { role_ref, subject } = made.one("kubernetes_role_binding_v1");
    const name = made.one("kubernetes_service_account_v1").metadata.name;
    expect(role_ref.name).toBe(made.one("kubernetes_role_v1").metadata.name);
    expect(subject).toEqual([{ kind: "ServiceAccount", name, namespace: "sweep" }]);
    expect(pod).toMatchObject({ service_account_name: name, automount_service_account_token: true });
  });

  test("is admitted in a restricted namespace, on nodes that are always there, and reaches the API from it", () => {
    expect(pod.node_selector).toEqual({ "node-pool": "general" });
    expect(pod.security_context).toMatchObject({ run_as_non_root: true, seccomp_profile: { type: "RuntimeDefault" } });
    for (const container of [...pod.init_container, ...pod.container]) {
      expect(container).toMatchObject({
        command: ["/bin/kubectl"],
        image: expect.stringMatching(/^registry\.k8s\.io\/kubectl:v1\./),
      });
      expect(container.security_context).toEqual({
        allow_privilege_escalation: false,
        read_only_root_filesystem: true,
        run_as_non_root: true,
        capabilities: { drop: ["ALL"] },
      });
    }
    const { spec } = made.one("kubernetes_network_policy_v1");
    const { labels } = cronJob.spec.job_template.spec.template.metadata;
    expect(labels).toMatchObject(spec.pod_selector.match_labels);
    expect(spec.egress).toMatchObject([{ ports: [{ protocol: "TCP", port: "443" }] }]);
    // It must not find itself.
    expect(Object.keys(labels)).not.toContain("app.kubernetes.io/component");
  });

  test("goes before its namespace, its permissions and its way to the API do", () => {
    const others = ["kubernetes_role_binding_v1", "kubernetes_network_policy_v1"].map((type) => made.address(type));
    expect([...cronJob.depends_on].sort()).toEqual(others.sort());
    for (const type of ["kubernetes_role_v1", "kubernetes_service_account_v1", "kubernetes_network_policy_v1"]) {
      expect(made.one(type).depends_on).toEqual(["kubernetes_namespace_v1.sweep"]);
    }
  });

  test("is there for the jobs of an environment, and not without jobs", () => {
    const { workload } = synthesizeEnvironment(devWithJob());
    const { job_template } = workload.one("kubernetes_cron_job_v1").spec;
    const [job] = workload.all("kubernetes_job_v1");
    expect(job?.spec.template.metadata.labels).toMatchObject(workerLabels);
    expect(job_template.spec.template.spec.node_selector).toEqual({ "node-pool": "general" });
    expect(workload.one("kubernetes_cron_job_v1").metadata.namespace).toBe(job?.metadata.namespace);
    const without = synthesizeEnvironment({ ...devWithJob(), workload: { namespace: "sweep", jobs: [] } });
    expect(without.workload.all("kubernetes_cron_job_v1")).toEqual([]);
  });
});
