import type { Change } from "../../tools/diff/plan.ts";
import { warningsOf } from "../../tools/diff/summary.ts";

/** Changes as `terraform show -json` writes them for the providers aws 5.100.0, helm 3.1.1 and kubernetes 2.38.0, without what stays. */
const queue = {
  name: "dev-large",
  message_retention_seconds: 345600,
  redrive_policy: null,
  sqs_managed_sse_enabled: true,
};
const unknown = { arn: true, id: true, policy: true, redrive_policy: true, url: true };
const template = (image: string) => ({
  metadata: [
    {
      annotations: { "evaluation-platform/settings-sha256": "1" },
      labels: { "app.kubernetes.io/name": "executor-large" },
    },
  ],
  spec: [{ container: [{ args: ["executor"], image, name: "executor" }], termination_grace_period_seconds: 100 }],
});
const deployment = (image: string, annotations: object | null = null) => ({
  metadata: [{ annotations, name: "executor-large", namespace: "sweep" }],
  spec: [{ replicas: "0", template: [template(image)] }],
});
const release = (name: string, version: string, values: object) => ({
  name,
  namespace: "kube-system",
  values: [JSON.stringify(values)],
  version,
});
const scaling = (maxReplicaCount: number, changes: object = {}) =>
  release("executor-large-scaling", "1.0.0", {
    objects: [
      { kind: "TriggerAuthentication", spec: { podIdentity: { provider: "aws" } } },
      { kind: "ScaledObject", spec: { maxReplicaCount, pollingInterval: 15, ...changes } },
    ],
  });
const warnings = (type: string, change: Change) =>
  warningsOf("dev", { format_version: "1.2", resource_changes: [{ address: `${type}.x`, type, change }] });
const update = (type: string, before: object, after: object) => warnings(type, { actions: ["update"], before, after });

test("a queue that is replaced loses its messages, and resume sends them again", () => {
  const after = { ...queue, name: "dev-large-2" };
  const replaced: Change = {
    actions: ["delete", "create"],
    before: queue,
    after,
    after_unknown: unknown,
    replace_paths: [["name"]],
  };
  expect(warnings("aws_sqs_queue", replaced)).toEqual([
    {
      stack: "dev",
      severity: "loud",
      noun: "queue",
      address: "aws_sqs_queue.x",
      happens: "is REPLACED",
      because: 'name: "dev-large" -> "dev-large-2"',
      effect:
        "its messages are lost, so that its runs stop until sweep resume sends again what is missing. Committed results stay in the bucket",
    },
  ]);
});

test("a size that is removed loses its queue before its executors end, unless the workload is deployed first", () => {
  const removed: Change = { actions: ["delete"], before: queue, after: null };
  expect(warnings("aws_sqs_queue", removed)).toMatchObject([
    {
      severity: "loud",
      happens: "is DESTROYED",
      effect:
        "its messages are lost, so that its runs stop, and executors that still run can hand nothing back: deploy the workload without it first, npm run deploy -- <environment> --stack workload. Committed results stay in the bucket",
    },
  ]);
  const dead: Change = { ...removed, before: { ...queue, name: "dev-large-dead-letter" } };
  expect(warnings("aws_sqs_queue", dead)).toMatchObject([
    { effect: "the ranges that ended their executors are forgotten; sweep resume sends them again" },
  ]);
  expect(
    warnings("kubernetes_deployment_v1", { actions: ["delete"], before: deployment("x:1"), after: null }),
  ).toMatchObject([
    { severity: "notice", effect: expect.stringMatching(/^its executors end: each commits .* nothing is lost$/) },
  ]);
});

test("a queue that keeps its messages less long loses those that are older; a longer retention is no warning", () => {
  expect(update("aws_sqs_queue", queue, { ...queue, message_retention_seconds: 86400 })).toMatchObject([
    { severity: "loud", happens: "DELETES EARLIER", because: "message_retention_seconds: 345600 -> 86400" },
  ]);
  expect(update("aws_sqs_queue", queue, { ...queue, message_retention_seconds: 1_209_600 })).toEqual([]);
});

test("another image starts all executors again; a label of the Deployment itself does not", () => {
  expect(update("kubernetes_deployment_v1", deployment("x:1"), deployment("x:2"))).toEqual([
    {
      stack: "dev",
      severity: "notice",
      noun: "Deployment",
      address: "kubernetes_deployment_v1.x",
      happens: "changes",
      because: "spec[0].template[0].spec[0].container[0].image changes",
      effect:
        "all of its executors start again: each commits what it has computed, and gives the rest of its messages back to the queue; nothing is lost",
    },
  ]);
  expect(update("kubernetes_deployment_v1", deployment("x:1"), deployment("x:1", { team: "a" }))).toEqual([]);
});

test("another image replaces the pods of a service one after the other, and its end is the end of its answers", () => {
  const service = (image: string) => ({
    metadata: [{ annotations: null, name: "api", namespace: "platform-services" }],
    spec: [{ replicas: "2", template: [template(image)] }],
  });
  expect(update("kubernetes_deployment_v1", service("x:1"), service("x:2"))).toMatchObject([
    {
      severity: "notice",
      noun: "service",
      effect: "its pods are replaced one after the other, each after its successor is ready: no request fails",
    },
  ]);
  expect(
    warnings("kubernetes_deployment_v1", { actions: ["delete"], before: service("x:1"), after: null }),
  ).toMatchObject([{ severity: "loud", effect: "its pods end, and nobody answers its requests any more" }]);
  expect(warnings("kubernetes_service_v1", { actions: ["delete"], before: {}, after: null })).toMatchObject([
    { severity: "loud", noun: "Service", effect: "nobody reaches its pods any more" },
  ]);
});

test("a lower maximum ends executors at once; a higher one and another setting end none", () => {
  expect(update("helm_release", scaling(50), scaling(10))).toMatchObject([
    {
      severity: "notice",
      noun: "maximum of executors",
      happens: "is LOWERED",
      because: "values[0] changes",
      effect: expect.stringMatching(/^executors above it end at once: each commits /),
    },
  ]);
  expect(update("helm_release", scaling(10), scaling(50))).toEqual([]);
  expect(update("helm_release", scaling(50), scaling(50, { pollingInterval: 30 }))).toEqual([]);
  const yaml = { ...scaling(50), values: ["a: b"] };
  expect(update("helm_release", yaml, scaling(10))).toEqual([]);
  expect(update("helm_release", release("another", "1", { objects: [] }), release("another", "1", {}))).toEqual([]);
});

describe("KEDA", () => {
  const keda = (version: string) => release("keda", version, { nodeSelector: {} });

  test("that is added tells what it asks for, and another release that is added tells nothing", () => {
    const added = (after: object): Change => ({
      actions: ["create"],
      before: null,
      after,
      after_unknown: { id: true },
    });
    expect(warnings("helm_release", added(keda("2.20.2")))).toMatchObject([
      {
        severity: "notice",
        happens: "is ADDED",
        because: "it is new in the code",
        effect: expect.stringContaining("300m and 300 MiB on the pools that are always on"),
      },
    ]);
    expect(warnings("helm_release", added(scaling(50)))).toEqual([]);
    expect(warnings("aws_sqs_queue", added(queue))).toEqual([]);
  });

  test("in another version pauses the scaling alone; so does no other chart", () => {
    expect(update("helm_release", keda("2.20.2"), keda("2.21.0"))).toMatchObject([
      {
        severity: "notice",
        because: "version changes",
        effect: "executors and messages stay; nobody starts or ends executors until the new KEDA runs",
      },
    ]);
    const autoscaler = (version: string) => release("cluster-autoscaler", version, {});
    expect(update("helm_release", autoscaler("1"), autoscaler("2"))).toEqual([]);
  });

  test("that is removed scales nobody, and another release that is removed says what goes", () => {
    const removed = (before: object) => warnings("helm_release", { actions: ["delete"], before, after: null });
    expect(removed(keda("2.20.2"))).toMatchObject([
      {
        severity: "loud",
        effect:
          "nobody starts or ends executors any more; those that run stay until the deploy of the workload ends them",
      },
    ]);
    expect(removed(scaling(50))).toMatchObject([
      { severity: "loud", effect: "the chart's programs or objects are removed from the cluster" },
    ]);
  });
});
