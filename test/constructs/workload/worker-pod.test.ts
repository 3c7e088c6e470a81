import { fromZero } from "../../../constructs/pools/capacity.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import { WorkerJob, type WorkerJobProps } from "../../../constructs/workload/worker-job.ts";
import { synthesize } from "../../support/synthesized.ts";
import { jobProps } from "../../support/workload.ts";

const target = new NodePool({
  name: "executor",
  instanceTypes: ["c5.2xlarge"],
  capacity: fromZero(5),
  taints: [{ key: "workload-type", value: "executor", effect: "NoSchedule" }],
});
const job = (changes: Partial<WorkerJobProps> = {}) =>
  synthesize((stack) => {
    new WorkerJob(stack, "job", jobProps({ target, ...changes }));
  }).one("kubernetes_job_v1");

describe("the pod of a worker", () => {
  test("is this and nothing else: restricted, without a token, with nothing to write to but /tmp", () => {
    const { metadata, spec } = job();
    const labels = {
      "app.kubernetes.io/component": "worker",
      "app.kubernetes.io/part-of": "evaluation-platform",
      "app.kubernetes.io/name": "ttg-computation",
      "app.kubernetes.io/instance": metadata.name,
    };
    const spread = { max_skew: 1, when_unsatisfiable: "ScheduleAnyway" };
    const ownPods = [{ match_labels: { "app.kubernetes.io/instance": metadata.name } }];
    expect(spec.template).toEqual({
      metadata: { labels, annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" } },
      spec: {
        restart_policy: "Never",
        termination_grace_period_seconds: 100,
        service_account_name: "worker",
        automount_service_account_token: false,
        enable_service_links: false,
        node_selector: { "node-pool": "executor" },
        toleration: [{ key: "workload-type", operator: "Equal", value: "executor", effect: "NoSchedule" }],
        topology_spread_constraint: [
          { topology_key: "kubernetes.io/hostname", ...spread, label_selector: ownPods },
          { topology_key: "topology.kubernetes.io/zone", ...spread, label_selector: ownPods },
        ],
        security_context: {
          run_as_non_root: true,
          run_as_user: "65532",
          run_as_group: "65532",
          fs_group: "65532",
          seccomp_profile: { type: "RuntimeDefault" },
        },
        container: [
          {
            name: "worker",
            image: "registry.example.com/ttg-worker:1",
            args: ["worker"],
            termination_message_policy: "FallbackToLogsOnError",
            env: [
              {
                name: "WORKER_ID",
                value_from: {
                  field_ref: { field_path: "metadata.annotations['batch.kubernetes.io/job-completion-index']" },
                },
              },
            ],
            env_from: [{ config_map_ref: { name: metadata.name } }],
            resources: {
              requests: { cpu: "100m", memory: "128Mi", "ephemeral-storage": "84Mi" },
              limits: { cpu: "500m", memory: "256Mi" },
            },
            security_context: {
              allow_privilege_escalation: false,
              read_only_root_filesystem: true,
              run_as_non_root: true,
              capabilities: { drop: ["ALL"] },
            },
            volume_mount: [{ name: "tmp", mount_path: "/tmp" }],
          },
        ],
        volume: [{ name: "tmp", empty_dir: { size_limit: "84Mi" } }],
      },
    });
  });
});
