import { WorkerJob } from "../../../constructs/workload/worker-job.ts";
import { manifestsOf } from "../../cluster/support/manifests.ts";
import { synthesizeServiceJobs, targetOf } from "../../support/service-jobs.ts";
import { type ResourceJson, synthesize } from "../../support/synthesized.ts";
import { jobProps } from "../../support/workload.ts";

const made = synthesizeServiceJobs([{ size: "large", maxWorkers: 20, cpuRequestMillis: 2000, cpuLimitMillis: 2000 }]);
const template: ResourceJson = made.sizes.get("large")?.template ?? {};
const release = made.stack.one("helm_release");
const objects: ResourceJson[] = JSON.parse(release.values[0]).objects;
const named = (kind: string, name: string) =>
  objects.find((object) => object.kind === kind && object.metadata.name === name) ?? {};

describe("the template of a Job of the API", () => {
  /** The same Job by Terraform, as its provider sends it. */
  const { spec }: ResourceJson =
    manifestsOf(
      synthesize((stack) => {
        const resources = { cpuRequestMillis: 2000, cpuLimitMillis: 2000 };
        new WorkerJob(stack, "job", jobProps({ workers: 1, target: targetOf("large"), ...resources }));
      }),
      () => "1",
    ).find(({ kind }) => kind === "Job") ?? {};

  test("is the Job of Terraform, which removes itself, and has no ConfigMap", () => {
    const { completions: _, parallelism: __, template: pod, ...job } = spec;
    const { template: podTemplate, ...own } = template.spec;
    expect(own).toEqual({
      ...job,
      ttlSecondsAfterFinished: 3600,
      suspend: false,
      manualSelector: false,
      podReplacementPolicy: "Failed",
    });
    const [{ envFrom: ___, ...container }] = pod.spec.containers;
    expect(podTemplate).toEqual({
      metadata: { ...pod.metadata, labels: template.metadata.labels },
      spec: {
        ...pod.spec,
        serviceAccountName: "service-jobs",
        priorityClassName: "service-jobs-large",
        dnsPolicy: "ClusterFirst",
        schedulerName: "default-scheduler",
        topologySpreadConstraints: pod.spec.topologySpreadConstraints.map((constraint: ResourceJson) => ({
          ...constraint,
          labelSelector: {
            matchLabels: { "app.kubernetes.io/managed-by": "sweep-api", "evaluation-platform/size": "large" },
          },
        })),
        containers: [
          {
            ...container,
            env: [...container.env, { name: "AWS_REGION", value: "us-west-2" }],
            imagePullPolicy: "IfNotPresent",
            terminationMessagePath: "/dev/termination-log",
          },
        ],
      },
    });
  });

  test("has the labels of workers, by which they reach the bucket, and those of the API", () => {
    expect(template.metadata).toEqual({
      namespace: "sweep",
      labels: {
        "app.kubernetes.io/component": "worker",
        "app.kubernetes.io/part-of": "evaluation-platform",
        "app.kubernetes.io/managed-by": "sweep-api",
        "evaluation-platform/size": "large",
      },
    });
  });

  test("has a GPU on nodes with GPUs, and room for as many workers as a node of its size has", () => {
    const gpu: ResourceJson = synthesizeServiceJobs([{ size: "gpu" }]).sizes.get("gpu")?.template ?? {};
    expect(gpu.spec.template.spec.containers[0].resources.limits).toMatchObject({ "nvidia.com/gpu": "1" });
    expect(made.sizes.get("large")).toMatchObject({ max: 20, slotsPerMachine: 7 });
  });
});

describe("the fence", () => {
  const policy = named("ValidatingAdmissionPolicy", "service-jobs");

  test("refuses where it cannot decide, and looks at the API alone", () => {
    for (const name of ["service-jobs", "service-jobs-deletion"]) {
      expect(named("ValidatingAdmissionPolicy", name).spec).toMatchObject({
        failurePolicy: "Fail",
        matchConditions: [{ expression: 'request.userInfo.username == "system:serviceaccount:platform-services:api"' }],
      });
      expect(named("ValidatingAdmissionPolicyBinding", name).spec).toEqual({
        policyName: name,
        validationActions: ["Deny", "Audit"],
      });
    }
  });

  test("knows the image, and no other", () => {
    const text = JSON.stringify(policy);
    expect(text.match(/registry\.example\.com[^"\\]*/g)).toEqual(["registry.example.com/ttg-worker:1"]);
  });

  test("takes programs of the image where commands are allowed only", () => {
    const withCommands = synthesizeServiceJobs([{ size: "large" }], { allowCommands: true }).stack;
    expect(release.values[0]).not.toContain("EVALUATION_COMMAND");
    expect(withCommands.one("helm_release").values[0]).toContain("EVALUATION_COMMAND");
  });

  test("limits the workers of a size to those of its largest Job, and the Jobs of the namespace", () => {
    expect(named("ResourceQuota", "service-jobs-large").spec).toEqual({
      hard: { pods: "20", "requests.cpu": "40" },
      scopeSelector: {
        matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["service-jobs-large"] }],
      },
    });
    expect(named("PriorityClass", "service-jobs-large").value).toBe(0);
    const { stack } = synthesizeServiceJobs([{ size: "large" }], { otherJobs: 10 });
    const [quota] = JSON.parse(stack.one("helm_release").values[0]).objects.filter(
      ({ metadata }: ResourceJson) => metadata.name === "jobs",
    );
    expect(quota.spec.hard).toEqual({ "count/jobs.batch": "223" });
  });

  test("is there before the permission", () => {
    const { stack } = made;
    expect(stack.one("kubernetes_role_v1")).toMatchObject({
      metadata: { name: "service-jobs", namespace: "sweep" },
      rule: [{ api_groups: ["batch"], resources: ["jobs"], verbs: ["create", "get", "delete"] }],
      depends_on: [stack.address("helm_release")],
    });
    expect(stack.one("kubernetes_role_binding_v1")).toMatchObject({
      role_ref: { kind: "Role", name: "service-jobs" },
      subject: [{ kind: "ServiceAccount", name: "api", namespace: "platform-services" }],
      depends_on: [stack.address("kubernetes_role_v1")],
    });
  });
});
