import { type ServiceFile, serviceFileSchema } from "sweep-worker/contract";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { DestroyOrder } from "../support/destroy-order.ts";
import { resolved } from "../support/fixtures.ts";
import { devWithServices, devWithServicesAnd } from "../support/services.ts";
import { messageOf, type ResourceJson, type Synthesized } from "../support/synthesized.ts";
import { synthesizeEnvironment } from "../support/workload.ts";

const jobs = [{ size: "large", maxWorkers: 20 }] as const;
const { platform, workload } = synthesizeEnvironment(devWithServicesAnd({ jobs }));
const without = synthesizeEnvironment(devWithServices);
const fileOf = (stack: Synthesized): ServiceFile =>
  serviceFileSchema.parse(JSON.parse(stack.one("kubernetes_config_map_v1", "services_api").data["service.json"]));
const fence = workload.one("helm_release", "service-jobs");
const problemsOf = (services: NonNullable<Environment["services"]>) =>
  messageOf(() => resolved(devWithServicesAnd(services)));

describe("an environment whose API may create Jobs", () => {
  test("tells it the template of each size, beside the queue", () => {
    const [small, large] = fileOf(workload).sizes;
    expect(small).not.toHaveProperty("job");
    expect(large?.queue).toBeDefined();
    expect(large?.job).toMatchObject({ max: 20, template: { kind: "Job", metadata: { namespace: "sweep" } } });
    const {
      spec: { template },
    }: ResourceJson = large?.job?.template ?? {};
    const [api] = workload.one("kubernetes_deployment_v1", "services_api_").spec.template.spec.container;
    expect(template.spec.containers[0].image).toBe(api.image);
    // The fence has the same address of the registry, which Terraform alone knows.
    expect(fence.values[0]).toContain(JSON.stringify(JSON.stringify(api.image)).slice(1, -1));
  });

  test("lets their workers write their folder, and the API beside it", () => {
    const statements = (prefix: string): ResourceJson[] =>
      JSON.parse(platform.one("aws_iam_role_policy", prefix).policy).Statement;
    const bucket = `\${${platform.address("aws_s3_bucket", "results")}.arn}`;
    expect(statements("service-jobs-identity").map(({ Action, Resource }) => [Action, Resource])).toEqual([
      [
        ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
        [`${bucket}/runs/jobs/*`],
      ],
      [["s3:ListBucket"], [bucket]],
    ]);
    expect(statements("api-identity")).toContainEqual(
      expect.objectContaining({
        Action: ["s3:PutObject"],
        Resource: [`${bucket}/runs/queue/*`, `${bucket}/runs/jobs/*`],
      }),
    );
    expect(platform.one("aws_eks_pod_identity_association", "service-jobs-identity")).toMatchObject({
      namespace: "sweep",
      service_account: "service-jobs",
    });
    expect(workload.all("kubernetes_service_account_v1").map(({ metadata }) => metadata)).toContainEqual(
      expect.objectContaining({ name: "service-jobs", namespace: "sweep" }),
    );
  });

  test("ends the API before its permission, this before the fence, and all before the namespace", () => {
    const order = new DestroyOrder(workload);
    const addresses = [
      workload.address("kubernetes_deployment_v1", "services_api_"),
      workload.address("kubernetes_role_binding_v1", "service-jobs"),
      workload.address("kubernetes_role_v1", "service-jobs"),
      workload.address("helm_release", "service-jobs"),
      workload.address("kubernetes_namespace_v1", "namespace"),
    ];
    const wrong = addresses.slice(1).filter((address, index) => !order.destroysBefore(addresses[index] ?? "", address));
    expect(wrong).toEqual([]);
    const identity = platform.address("aws_eks_pod_identity_association", "service-jobs-identity");
    const nodes = platform.address("aws_eks_node_group", "pool-executor-large");
    expect(new DestroyOrder(platform).destroysBefore(nodes, identity)).toBe(true);
  });

  test("has nothing of it without an entry", () => {
    for (const { json } of Object.values(without))
      expect(JSON.stringify(json)).not.toMatch(/service-jobs|ResourceQuota/);
    expect(fileOf(without.workload).sizes.filter(({ job }) => job !== undefined)).toEqual([]);
  });
});

test.each([
  [
    [{ size: "large", cpuRequestMillis: 90_000, cpuLimitMillis: 90_000 }],
    /services\.jobs\[0\]\.cpuRequestMillis must be [\d,]+ thousandths of a core or less, got 90000: a node of executor/,
  ],
  [[{ size: "large", memoryLimitMiB: 64, memoryRequestMiB: 64 }], /services\.jobs\[0\]\.memoryLimitMiB must be /],
  [
    [{ size: "large", cpuRequestMillis: 1000 }],
    /services\.jobs\[0\]\.cpuLimitMillis must be 1,000 thousandths of a core or more, got 500: the pod requests as much; raise the limit, or lower the request/,
  ],
  [
    [{ size: "large", maxWorkers: 0 }],
    /services\.jobs\[0\]\.maxWorkers must be a whole number from 1 to 10,000, got 0/,
  ],
] as const)("an API that may create jobs like %j is refused", (refused, message) => {
  expect(problemsOf({ jobs: [...refused] })).toMatch(message);
});

test("a job of the environment cannot have the folder of the API's Jobs", () => {
  const [job] = devWithServices.workload.jobs;
  if (job === undefined) throw new Error("dev has a job");
  const named = { ...devWithServices.workload, jobs: [{ ...job, name: "jobs" }] };
  const environment = { ...devWithServicesAnd({ jobs }), workload: named };
  expect(messageOf(() => resolved(environment))).toContain(
    'workload.jobs[0].name must be a name other than "jobs", which is the folder of the results of jobs of the API, got "jobs": rename the job',
  );
  expect(() => resolved({ ...environment, services: {} })).not.toThrow();
});
