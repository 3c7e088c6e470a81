import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ServiceFile, serviceFileSchema } from "sweep-worker/contract";
import { dev } from "../../environments.ts";
import { DestroyOrder } from "../support/destroy-order.ts";
import { devWithExecutors } from "../support/executors.ts";
import { resolved } from "../support/fixtures.ts";
import { devWithServices, devWithServicesAnd } from "../support/services.ts";
import type { ResourceJson, Synthesized } from "../support/synthesized.ts";
import { synthesizeEnvironment } from "../support/workload.ts";

const made = synthesizeEnvironment(devWithServices);
const { platform, image, workload } = made;
const without = synthesizeEnvironment(devWithExecutors);
const parts = ["platform", "addons", "image", "workload"] as const;
const names = ["frontend", "api"] as const;

const added = (part: (typeof parts)[number]) =>
  made[part].addresses.filter((address) => !without[part].addresses.includes(address));
const statementsOf = (stack: Synthesized): ResourceJson[] =>
  JSON.parse(stack.one("aws_iam_role_policy", "api-identity").policy).Statement;
const deployment = (name: string, stack = workload) => stack.one("kubernetes_deployment_v1", `services_${name}_`);
const containerOf = (name: string, stack = workload) => deployment(name, stack).spec.template.spec.container[0];
const fileOf = (stack: Synthesized): ServiceFile =>
  serviceFileSchema.parse(JSON.parse(stack.one("kubernetes_config_map_v1", "services_api").data["service.json"]));

describe("an environment with services", () => {
  test("has exactly the pinned addresses beside those of the same environment without", () => {
    const pinned = readFileSync(join(__dirname, "addresses", "dev-services.txt"), "utf8");
    const all = parts.flatMap((part) => added(part).map((address) => `dev-${part} ${address}`));
    expect(`${all.join("\n")}\n`).toBe(pinned);
  });

  test("changes nothing else of the environment", () => {
    for (const part of parts) {
      const others = [...without[part].resources].filter(([address]) => !address.includes("deletion-protection"));
      expect(others.filter(([address, resource]) => !equal(made[part].resources.get(address), resource))).toEqual([]);
    }
  });

  test("has a page with an address of the API and nothing else: no identity, no token, no configuration", () => {
    const { spec } = deployment("frontend").spec.template;
    expect(containerOf("frontend")).toMatchObject({
      args: ["serve", "--page", "--host", "0.0.0.0", "--api", "http://api"],
      env: [],
    });
    expect(spec).toMatchObject({ service_account_name: "frontend", automount_service_account_token: false });
    expect(spec.volume.map(({ name }: ResourceJson) => name)).toEqual(["tmp"]);
    expect(workload.one("kubernetes_service_v1", "services_api")).toMatchObject({
      metadata: { name: "api", namespace: "platform-services" },
      spec: { port: [{ port: 80, target_port: "8080" }] },
    });
    const identities = platform.all("aws_eks_pod_identity_association").map(({ service_account }) => service_account);
    expect(identities).toContain("api");
    expect(identities).not.toContain("frontend");
  });

  test("has an API over all results, with a token and its configuration", () => {
    const { spec } = deployment("api").spec.template;
    const { args, env, volume_mount } = containerOf("api");
    expect(args).toEqual([
      ...["serve", "--host", "0.0.0.0", "--results"],
      expect.stringMatching(/^s3:\/\/\$\{[^}]*aws_s3_bucketresults_bucket_\w+bucket\}\/runs$/),
      ...["--configuration", "/etc/sweep/service.json"],
    ]);
    expect(env).toEqual([{ name: "AWS_REGION", value: "us-west-2" }]);
    expect(spec).toMatchObject({ service_account_name: "api", automount_service_account_token: true });
    expect(spec.volume).toContainEqual({ name: "files", config_map: { name: "api" } });
    expect(volume_mount).toContainEqual({ name: "files", mount_path: "/etc/sweep", read_only: true });
  });

  test.each(names)("runs %s from the executors' image, on nodes that are always there", (name) => {
    const executor = workload.one("kubernetes_deployment_v1", "executor-large").spec.template.spec.container[0];
    expect(containerOf(name).image).toBe(executor.image);
    expect(deployment(name).spec.template.spec.node_selector).toEqual({ "node-pool": "general" });
    expect(deployment(name).metadata).toMatchObject({ name, namespace: "platform-services" });
    expect(workload.one("kubernetes_service_account_v1", `services_${name}`)).toMatchObject({
      metadata: { name, namespace: "platform-services" },
      automount_service_account_token: false,
    });
    expect(workload.one("kubernetes_horizontal_pod_autoscaler_v2", `services_${name}`).spec).toMatchObject({
      scale_target_ref: { name },
      min_replicas: 2,
      max_replicas: 5,
    });
  });

  test("reserves what the nodes that are always there have left", () => {
    const requests = names.map((name) => containerOf(name).resources);
    expect(requests).toEqual([
      { requests: { cpu: "50m", memory: "64Mi", "ephemeral-storage": "64Mi" }, limits: { memory: "192Mi" } },
      { requests: { cpu: "100m", memory: "128Mi", "ephemeral-storage": "64Mi" }, limits: { memory: "384Mi" } },
    ]);
  });

  test("has a namespace apart from sweeps, with restricted pods and no traffic but what is named", () => {
    const { metadata } = workload.one("kubernetes_namespace_v1", "services_namespace");
    expect(metadata).toMatchObject({
      name: "platform-services",
      labels: {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/enforce-version": "v1.35",
      },
    });
    const policies = workload.all("kubernetes_network_policy_v1", "services_");
    expect(policies.map(({ metadata: { name, namespace } }) => `${namespace}/${name}`).sort()).toEqual(
      ["allow-from-api", "allow-from-frontend", "allow-frontend-to-api", "deny-all"].map(
        (name) => `platform-services/${name}`,
      ),
    );
    const egress = (name: string) =>
      workload
        .one("kubernetes_network_policy_v1", `services_${name}_egress`)
        .spec.egress.map(({ to }: ResourceJson) => to[0]);
    // Nothing of the page reaches AWS or the Kubernetes API.
    expect(egress("frontend").filter(({ ip_block }: ResourceJson) => ip_block !== undefined)).toEqual([]);
    expect(egress("api").flatMap(({ ip_block }: ResourceJson) => ip_block ?? [])).toEqual([
      { cidr: "169.254.170.23/32" },
      { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] },
    ]);
    expect(workload.all("kubernetes_ingress_v1")).toEqual([]);
    expect(workload.all("kubernetes_service_v1").map(({ spec }) => spec.type)).toEqual(["ClusterIP", "ClusterIP"]);
  });

  test("lets the API see pods and events of sweeps, and nothing else of the cluster", () => {
    const role = workload.one("kubernetes_role_v1", "services_api-role");
    expect(role).toMatchObject({
      metadata: { name: "api", namespace: "sweep" },
      rule: [
        { api_groups: [""], resources: ["pods"], verbs: ["list"] },
        { api_groups: [""], resources: ["events"], verbs: ["list"] },
      ],
    });
    expect(role.rule).toHaveLength(2);
    expect(workload.one("kubernetes_role_binding_v1", "services_")).toMatchObject({
      metadata: { namespace: "sweep" },
      role_ref: { kind: "Role", name: "api" },
      subject: [{ kind: "ServiceAccount", name: "api", namespace: "platform-services" }],
    });
    expect(workload.all("kubernetes_cluster_role_v1")).toEqual([]);
  });

  test("lets the API read all results, write beside runs on queues, send messages, and delete dead letters only", () => {
    const bucket = platform.address("aws_s3_bucket", "results");
    const queues = (kind: string) =>
      ["large", "small"].map((size) => `\${${platform.address("aws_sqs_queue", `queue-${size}_${kind}`)}.arn}`);
    expect(statementsOf(platform).map(({ Action, Resource, Condition }) => [Action, Resource, Condition])).toEqual([
      [["s3:ListBucket"], [`\${${bucket}.arn}`], { StringLike: { "s3:prefix": "runs/*" } }],
      [["s3:GetObject"], [`\${${bucket}.arn}/runs/*`], undefined],
      [["s3:PutObject"], [`\${${bucket}.arn}/runs/queue/*`], undefined],
      [["sqs:SendMessage", "sqs:GetQueueAttributes"], queues("queue"), undefined],
      [["sqs:ReceiveMessage", "sqs:DeleteMessage"], queues("dead-letters"), undefined],
    ]);
    expect(platform.one("aws_eks_pod_identity_association", "api-identity")).toMatchObject({
      namespace: "platform-services",
      service_account: "api",
    });
    const trust = JSON.parse(platform.one("aws_iam_role", "api-identity").assume_role_policy);
    expect(trust.Statement[0].Condition.StringEquals).toMatchObject({
      "aws:RequestTag/kubernetes-namespace": "platform-services",
      "aws:RequestTag/kubernetes-service-account": "api",
    });
  });

  test("tells the API where it is, with a file that the server can read", () => {
    const { value } = workload.json.output?.executors ?? {};
    const queue = (size: string, slots: number, max: number, slotsPerMachine: number) => ({
      queueUrl: value[size].queueUrl,
      deadLetterQueueUrl: value[size].deadLetterQueueUrl,
      slots,
      max,
      slotsPerMachine,
    });
    expect(fileOf(workload)).toEqual({
      environment: "dev",
      namespace: "sweep",
      sizes: [
        // The middle of three and six tenths of $0.0832.
        { size: "small", hourlyUsd: expect.closeTo(0.03744, 5), queue: queue("small", 1, 3, 1) },
        { size: "large", hourlyUsd: expect.closeTo(0.306, 5), queue: queue("large", 2, 18, 12) },
      ],
      queueFolder: "queue",
      jobFolder: "jobs",
      allowCommands: false,
      submissionsPerMinute: 10,
    });
  });

  test("ends the services before all that they need, and the workload before their identity", () => {
    const order = new DestroyOrder(workload);
    for (const name of names) {
      const needed = workload.addresses.filter(
        (address) =>
          /^kubernetes_(namespace|network_policy)_v1\.services_namespace/.test(address) ||
          new RegExp(`^kubernetes_(config_map|network_policy|service_account)_v1\\.services_${name}_`).test(address),
      );
      const address = workload.address("kubernetes_deployment_v1", `services_${name}_`);
      expect(needed.filter((other) => !order.destroysBefore(address, other))).toEqual([]);
      expect(needed.length).toBeGreaterThan(3);
    }
    expect(workload.dependencies).toContain("dev-platform");
    for (const part of ["platform", "workload"] as const) {
      expect(made[part].resources.get("terraform_data.deletion-protection")?.depends_on).toEqual(
        expect.arrayContaining(added(part)),
      );
    }
  });

  test("looks into no secret and names no path of this machine", () => {
    for (const part of parts) {
      const text = JSON.stringify(made[part].json);
      expect(text).not.toContain(process.cwd());
      expect(text).not.toMatch(/AKIA|secret_key|access_key|password|PRIVATE KEY|kubernetes_secret/);
    }
  });
});

describe("services with options", () => {
  const options = { minReplicas: 3, maxReplicas: 9, allowCommands: true, submissionsPerMinute: 5 };
  const { workload: changed } = synthesizeEnvironment(devWithServicesAnd(options));

  test("have the replicas and limits that are asked for", () => {
    for (const name of names) {
      expect(deployment(name, changed).spec.replicas).toBe("3");
      const { spec } = changed.one("kubernetes_horizontal_pod_autoscaler_v2", `services_${name}`);
      expect(spec).toMatchObject({ min_replicas: 3, max_replicas: 9 });
    }
    expect(fileOf(changed)).toMatchObject({ allowCommands: true, submissionsPerMinute: 5 });
  });

  test("need no executors and no jobs: then they show results, and write nothing", () => {
    const alone = synthesizeEnvironment({ ...dev, workload: { ...dev.workload, jobs: [] }, services: {} });
    expect(fileOf(alone.workload).sizes).toEqual([]);
    expect(statementsOf(alone.platform).map(({ Action }) => Action)).toEqual([["s3:ListBucket"], ["s3:GetObject"]]);
    expect(alone.image.one("terraform_data").triggers_replace.references).toEqual([
      containerOf("api", alone.workload).image,
    ]);
    expect(image.one("terraform_data").triggers_replace.references).toContain(containerOf("api").image);
  });

  test("are none in an environment that does not ask for them", () => {
    expect(resolved(dev).services).toBeUndefined();
    for (const part of parts) {
      expect(JSON.stringify(without[part].json)).not.toMatch(/platform-services|api-identity|autoscaler_v2/);
    }
  });
});

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
