import { readSettings } from "sweep-worker/contract";
import { WorkerJob, type WorkerJobProps } from "../../../constructs/workload/worker-job.ts";
import { shareOf } from "../../../worker/src/parameters/partition.ts";
import { countOf } from "../../../worker/src/parameters/ranges.ts";
import { type ResourceJson, synthesize } from "../../support/synthesized.ts";
import { jobProps, podEnvironment, pool } from "../../support/workload.ts";

const made = (changes: Partial<WorkerJobProps> = {}) =>
  synthesize((stack) => {
    new WorkerJob(stack, "job", jobProps(changes));
  });
const job = (changes?: Partial<WorkerJobProps>) => made(changes).one("kubernetes_job_v1");
const pod = (changes?: Partial<WorkerJobProps>) => job(changes).spec.template.spec;
const container = (changes?: Partial<WorkerJobProps>) => pod(changes).container[0];
const resources = (changes?: Partial<WorkerJobProps>) => container(changes).resources;
const nameOf = (changes?: Partial<WorkerJobProps>): string => job(changes).metadata.name;

describe("a worker's Job", () => {
  test("is indexed, with the two limits for each index, and none for all of them together", () => {
    expect(job().spec).toMatchObject({
      completion_mode: "Indexed",
      completions: 3,
      parallelism: 3,
      backoff_limit_per_index: 6,
      max_failed_indexes: 1,
      backoff_limit: 2147483647,
    });
    expect(job({ workers: 500, backoffLimitPerIndex: 0 }).spec).toMatchObject({
      backoff_limit_per_index: 0,
      max_failed_indexes: 50,
    });
    expect(job({ workers: 500, maxFailedIndexes: 0 }).spec.max_failed_indexes).toBe(0);
  });

  test("does not count interruptions of machines, and does not repeat a permanent failure", () => {
    expect(job().spec.pod_failure_policy.rule).toEqual([
      { action: "Ignore", on_pod_condition: [{ type: "DisruptionTarget", status: "True" }] },
      { action: "FailIndex", on_exit_codes: { container_name: "worker", operator: "In", values: [42] } },
    ]);
    expect(container().name).toBe("worker");
  });

  test("is not waited for, is given time to end, and never deletes itself", () => {
    expect(job()).toMatchObject({ wait_for_completion: false, timeouts: { delete: "15m" } });
    expect(job().spec).not.toHaveProperty("ttl_seconds_after_finished");
  });

  test("follows its pool: node selector and tolerations are the pool's", () => {
    const executor = { key: "workload-type", operator: "Equal", value: "executor", effect: "NoSchedule" };
    const gpu = { key: "nvidia.com/gpu", operator: "Equal", value: "true", effect: "NoSchedule" };
    for (const [name, toleration] of [
      ["executor", executor],
      ["executor-small", executor],
      ["executor-large", executor],
      ["gpu", gpu],
    ] as const) {
      expect(pod({ target: pool(name) })).toMatchObject({
        node_selector: { "node-pool": name },
        toleration: [toleration],
      });
    }
  });

  test("writes quantities as Kubernetes gives them back", () => {
    const asked = { cpuRequestMillis: 2000, memoryRequestMiB: 4096, cpuLimitMillis: 2500, memoryLimitMiB: 6000 };
    expect(resources({ ...asked, temporaryStorageMiB: 2048 })).toEqual({
      requests: { cpu: "2", memory: "4Gi", "ephemeral-storage": "2Gi" },
      limits: { cpu: "2500m", memory: "6000Mi" },
    });
    expect(pod({ temporaryStorageMiB: 2048 }).volume[0].empty_dir.size_limit).toBe("2Gi");
  });

  test("asks for a GPU on a GPU pool, and for several where there are", () => {
    expect(resources({ target: pool("gpu") })).toMatchObject({
      requests: { "nvidia.com/gpu": "1" },
      limits: { "nvidia.com/gpu": "1" },
    });
    expect(resources({ target: pool("gpu"), gpus: 0 }).limits).not.toHaveProperty("nvidia.com/gpu");
  });
});

describe("the placement of a Job's pods", () => {
  test("is by default over nodes and zones, without waiting for either", () => {
    const { topology_spread_constraint: constraints } = pod();
    expect(constraints).toMatchObject([
      { topology_key: "kubernetes.io/hostname", max_skew: 1, when_unsatisfiable: "ScheduleAnyway" },
      { topology_key: "topology.kubernetes.io/zone", max_skew: 1, when_unsatisfiable: "ScheduleAnyway" },
    ]);
    expect(constraints[0].label_selector).toEqual([{ match_labels: { "app.kubernetes.io/instance": nameOf() } }]);
    expect(job().spec.template.metadata.labels["app.kubernetes.io/instance"]).toBe(nameOf());
  });

  test("with pack asks for nothing but room", () => {
    expect(pod({ placement: "pack" })).not.toHaveProperty("topology_spread_constraint");
    expect(pod({ placement: "pack" })).not.toHaveProperty("affinity");
  });

  test("with one-per-node asks for more than half of a node, and gets all of it", () => {
    const { requests, limits } = resources({ placement: "one-per-node" });
    // 8 vCPUs less 90m of the kubelet; DaemonSets ask for 180m of the rest, and the autoscaler counts 100m of kube-proxy twice.
    expect(requests).toEqual({ cpu: "3956m", memory: "128Mi", "ephemeral-storage": "84Mi" });
    expect(2 * 3956).toBeGreaterThan(pool("executor").allocatable.cpuMillis);
    expect(limits).toEqual({ cpu: "7630m", memory: `${pool("executor").allocatable.memoryMiB - 120}Mi` });
  });

  test("with one-per-node keeps away from other jobs' workers, without a requirement the autoscaler would have to simulate", () => {
    const { pod_anti_affinity } = pod({ placement: "one-per-node" }).affinity;
    expect(Object.keys(pod_anti_affinity)).toEqual(["preferred_during_scheduling_ignored_during_execution"]);
    expect(pod_anti_affinity.preferred_during_scheduling_ignored_during_execution).toEqual([
      {
        weight: 100,
        pod_affinity_term: {
          topology_key: "kubernetes.io/hostname",
          label_selector: [
            {
              match_labels: {
                "app.kubernetes.io/component": "worker",
                "app.kubernetes.io/part-of": "evaluation-platform",
              },
            },
          ],
        },
      },
    ]);
  });
});

describe("the environment of a worker", () => {
  test("holds the contract's variables, defaults written out, for all workers alike", () => {
    expect(made().one("kubernetes_config_map_v1")).toMatchObject({
      immutable: true,
      data: {
        TOTAL_WORKERS: "3",
        TOTAL_PARAMETERS: "10000000",
        BATCH_SIZE: "10000",
        SIMULATE_WORK_MS: "0",
        LOG_LEVEL: "info",
        EVALUATION: "collatz",
        EVALUATION_TIMEOUT_SECONDS: "60",
        STOP_GRACE_SECONDS: "20",
        MAX_FAILURES: "10000",
        SEED: "0",
        PARTITION: "block-cyclic",
        S3_REQUEST_TIMEOUT_MS: "20000",
        AWS_REGION: "us-west-2",
      },
    });
  });

  test("divides 10,000,000 parameters into 3,333,334, 3,333,333 and 3,333,333", () => {
    const shares = [0, 1, 2].map((index) => {
      const settings = readSettings(podEnvironment(made(), index));
      return countOf(shareOf(settings.workerId, settings));
    });
    expect(shares).toEqual([3_333_334, 3_333_333, 3_333_333]);
  });

  test("carries every setting, by its name in the contract", () => {
    const settings = {
      totalParameters: 100,
      batchSize: 7,
      simulateWorkMs: 0.5,
      logLevel: "debug",
      evaluationCommand: "python3 evaluations/evaluate.py",
      resultColumns: ["steps", "peak"],
      evaluationTimeoutSeconds: 1.5,
      stopGraceSeconds: 30,
      maxFailures: 0,
      seed: 42,
      partition: "contiguous",
      s3RequestTimeoutMs: 100,
    } as const;
    expect(readSettings(podEnvironment(made(settings), 2))).toMatchObject(settings);
    expect(made(settings).one("kubernetes_config_map_v1").data).not.toHaveProperty("EVALUATION");
  });

  test("takes a Secret by its name, and never sees its content", () => {
    expect(container({ secretName: "keys" }).env_from).toEqual([
      { config_map_ref: { name: nameOf({ secretName: "keys" }) } },
      { secret_ref: { name: "keys" } },
    ]);
    expect(container().env_from).toHaveLength(1);
    expect(made({ secretName: "keys" }).all("kubernetes_secret_v1")).toEqual([]);
  });
});

test("the dependencies of a Job are created before it, and destroyed after it", () => {
  const dependable = { fqn: "a.b" } as ResourceJson;
  const resources = made({ dependsOn: [dependable as never] });
  expect(resources.one("kubernetes_job_v1").depends_on).toEqual([resources.address("kubernetes_config_map_v1"), "a.b"]);
  expect(resources.one("kubernetes_config_map_v1").depends_on).toEqual(["a.b"]);
});

test("a Job says which run it computes, and what decides it", () => {
  const { metadata } = job({ runName: "first", restart: 2 });
  expect(metadata.annotations).toEqual({
    "evaluation-platform/run": "first",
    "evaluation-platform/evaluation-sha256": "1",
    "evaluation-platform/restart": "2",
  });
  const run = /[^/]*$/.exec(made().one("kubernetes_config_map_v1").data.RESULTS_URL)?.[0];
  expect(job().metadata.annotations["evaluation-platform/run"]).toBe(run);
});
