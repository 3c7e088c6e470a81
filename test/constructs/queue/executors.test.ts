import { Fn, Token } from "cdktf";
import { Executors, type ExecutorsProps } from "../../../constructs/queue/executors.ts";
import { executorsRemark } from "../../../constructs/queue/executors-machines.ts";
import { WorkerJob } from "../../../constructs/workload/worker-job.ts";
import { executorNodes, executorsProps } from "../../support/executors.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";
import { jobProps, testImage } from "../../support/workload.ts";

const make = (changes: Partial<ExecutorsProps> = {}) =>
  synthesize((stack) => {
    new Executors(stack, "executors", executorsProps(changes));
  });
const deployment = (changes: Partial<ExecutorsProps> = {}) => make(changes).one("kubernetes_deployment_v1");

describe("executors", () => {
  test("begin with none, and no deploy changes their number afterwards", () => {
    const { spec, lifecycle } = deployment();
    expect(spec.replicas).toBe("0");
    expect(lifecycle).toEqual({ ignore_changes: ["spec[0].replicas"] });
  });

  test("are replaced all at once, without another machine, and no deploy waits for them", () => {
    const { spec, wait_for_rollout } = deployment();
    expect(spec.strategy).toEqual({
      type: "RollingUpdate",
      rolling_update: { max_surge: "0", max_unavailable: "100%" },
    });
    expect(wait_for_rollout).toBe(false);
  });

  test("select their own pods only, also beside a Job of the same name", () => {
    const made = synthesize((stack) => {
      new Executors(stack, "executors", executorsProps());
      new WorkerJob(stack, "job", jobProps({ name: "executor-large" }));
    });
    const { spec } = made.one("kubernetes_deployment_v1");
    expect(spec.selector).toEqual({ match_labels: { "app.kubernetes.io/instance": "executor-large" } });
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.match_labels);
    const { labels } = made.one("kubernetes_job_v1").spec.template.metadata;
    expect(labels["app.kubernetes.io/name"]).toBe("executor-large");
    expect(labels["app.kubernetes.io/instance"]).not.toBe("executor-large");
  });

  test("run in the pod of a worker, which Kubernetes starts again, with memory that is theirs and CPU without a limit", () => {
    const { spec, metadata } = deployment().spec.template;
    const job = synthesize((stack) => {
      const changes = { target: executorNodes("large"), serviceAccountName: "executor-large" };
      new WorkerJob(stack, "job", jobProps({ ...changes, placement: "pack" }));
    }).one("kubernetes_job_v1").spec.template;
    const [container] = spec.container;
    const [worker] = job.spec.container;
    const { env: _, ...sameContainer } = worker;
    expect(spec).toEqual({
      ...job.spec,
      restart_policy: "Always",
      container: [
        {
          ...sameContainer,
          args: ["executor"],
          env_from: [{ config_map_ref: { name: "executor-large" } }],
          resources: container.resources,
        },
      ],
      volume: [{ name: "tmp", empty_dir: { size_limit: "2304Mi" } }],
    });
    expect(container.resources).toEqual({
      requests: { cpu: "2", memory: "4Gi", "ephemeral-storage": "2304Mi" },
      limits: { memory: "4Gi" },
    });
    expect(spec.termination_grace_period_seconds).toBe(100);
    expect(metadata.annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"]).toBe("false");
    expect(spec.node_selector).toEqual({ "executor-size": "large" });
    expect(spec.toleration).toEqual([
      { key: "workload-type", operator: "Equal", value: "executor", effect: "NoSchedule" },
    ]);
  });

  test("get one GPU and one slot where there are any", () => {
    const made = make({ size: "gpu" });
    const [container] = made.one("kubernetes_deployment_v1").spec.template.spec.container;
    expect(container.resources.requests["nvidia.com/gpu"]).toBe("1");
    expect(container.resources.limits["nvidia.com/gpu"]).toBe("1");
    expect(made.one("kubernetes_config_map_v1").data.EXECUTOR_SLOTS).toBe("1");
  });

  test("read these environment variables", () => {
    expect(make().one("kubernetes_config_map_v1")).toMatchObject({
      metadata: { name: "executor-large", namespace: "sweep" },
      data: {
        QUEUE_URL: "https://sqs.us-west-2.amazonaws.com/111122223333/dev-large",
        RESULTS_ROOT: "s3://bucket/runs/queue",
        EXECUTOR_SLOTS: "2",
        SLICE_SECONDS: "30",
        STOP_GRACE_SECONDS: "20",
        S3_REQUEST_TIMEOUT_MS: "20000",
        LOG_LEVEL: "info",
        AWS_REGION: "us-west-2",
      },
    });
    const { data } = make({ slots: 1, sliceSeconds: 10 }).one("kubernetes_config_map_v1");
    expect(data).toMatchObject({ EXECUTOR_SLOTS: "1", SLICE_SECONDS: "10" });
  });

  test("are replaced when a variable changes, whose new value Terraform may know only later", () => {
    const made = make();
    const config = made.address("kubernetes_config_map_v1");
    expect(made.one("kubernetes_deployment_v1").spec.template.metadata.annotations).toMatchObject({
      "evaluation-platform/settings-sha256": `\${sha256(jsonencode(${config}.data))}`,
    });
  });

  test("are replaced when the image changes", () => {
    const [container] = deployment({ image: testImage({ reference: "registry.example.com/other:2" }) }).spec.template
      .spec.container;
    expect(container.image).toBe("registry.example.com/other:2");
  });

  test("are refused where no node has room, and for a value that Terraform knows only later", () => {
    expect(messageOf(() => make({ size: "small" }))).toBe(
      'executors "small" has 1 problem:\n  - cpuRequestMillis must be 1,650 thousandths of a core or less, got 2000, the default: a node of executor-small has no more room for pods beside its DaemonSets, and the autoscaler counts kube-proxy twice; ask for less, or use a pool of larger nodes',
    );
    expect(messageOf(() => make({ max: Token.asNumber(Fn.max([1, 2])), slots: 11 }))).toBe(
      'executors "large" has 2 problems:\n  - max must be known at synthesis, got a token of Terraform: write the value itself\n  - slots must be a whole number from 1 to 10, got 11: use for example 2',
    );
  });
});

describe("a deploy tells on how many machines executors run", () => {
  test.each([
    [{ max: 18 }, false, "0 to 18 executors on at most 3 c5.4xlarge of executor-large"],
    [{ max: 1 }, false, "0 to 1 executor on at most 1 c5.4xlarge of executor-large"],
    [
      { max: 100 },
      true,
      "0 to 100 executors on at most 17 c5.4xlarge of executor-large; executor-large allows 10, so that 60 run at a time: use max: 60, or raise the maximum of the pool",
    ],
  ])("%j", (changes, isWarning, text) => {
    expect(executorsRemark(executorsProps(changes), executorNodes("large"))).toEqual({ isWarning, text });
  });
});
