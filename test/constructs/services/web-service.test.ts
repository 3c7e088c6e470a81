import { TerraformElement, type TerraformStack } from "cdktf";
import { WebService } from "../../../constructs/services/web-service.ts";
import type { WebServiceProps } from "../../../constructs/services/web-service-props.ts";
import { DestroyOrder } from "../../support/destroy-order.ts";
import { messageOf, type ResourceJson, synthesize } from "../../support/synthesized.ts";
import { gatewayAndModel, madeOf, podOf, propsOf } from "../../support/web-service.ts";

describe("the Deployment of a web service", () => {
  test("begins with the least replicas, and leaves their number to the autoscaler", () => {
    const { spec, lifecycle } = madeOf({ minReplicas: 3 }).one("kubernetes_deployment_v1");
    expect(spec.replicas).toBe("3");
    expect(lifecycle).toEqual({ ignore_changes: ["spec[0].replicas"] });
    expect(madeOf().one("kubernetes_deployment_v1").spec.replicas).toBe("2");
  });

  test("replaces a pod after its successor is ready", () => {
    expect(madeOf().one("kubernetes_deployment_v1").spec.strategy).toEqual({
      type: "RollingUpdate",
      rolling_update: { max_surge: "1", max_unavailable: "0" },
    });
    expect(podOf().termination_grace_period_seconds).toBe(60);
  });

  test("spreads the pods of one version over nodes and zones, as far as there are any", () => {
    expect(podOf().topology_spread_constraint).toEqual(
      ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topology_key) => ({
        topology_key,
        max_skew: 1,
        when_unsatisfiable: "ScheduleAnyway",
        match_label_keys: ["pod-template-hash"],
        label_selector: [{ match_labels: { "app.kubernetes.io/name": "model" } }],
      })),
    );
  });

  test("runs restricted pods on the given nodes, with the given arguments and variables", () => {
    const pod = podOf({ args: ["--fast", `\${mode}`], env: { MODE: `\${mode}`, PORT: "8080" } });
    expect(pod).toMatchObject({
      service_account_name: "model",
      automount_service_account_token: false,
      enable_service_links: false,
      node_selector: { "node-pool": "general" },
      security_context: { run_as_non_root: true, run_as_user: "65532", seccomp_profile: { type: "RuntimeDefault" } },
    });
    const [container] = pod.container;
    expect(container).toMatchObject({
      image: "registry.example.com/model:1",
      args: ["--fast", `$\${mode}`],
      env: [
        { name: "MODE", value: `$\${mode}` },
        { name: "PORT", value: "8080" },
      ],
      security_context: {
        allow_privilege_escalation: false,
        read_only_root_filesystem: true,
        run_as_non_root: true,
        capabilities: { drop: ["ALL"] },
      },
    });
  });

  test("reserves CPU and memory, and limits memory only", () => {
    expect(podOf().container[0].resources).toEqual({
      requests: { cpu: "250m", memory: "512Mi", "ephemeral-storage": "64Mi" },
      limits: { memory: "1Gi" },
    });
    expect(podOf({ temporaryStorageMiB: 128 }).volume).toEqual([{ name: "tmp", empty_dir: { size_limit: "128Mi" } }]);
  });

  test("asks the process whether it lives, and the service whether it is ready", () => {
    const probes = ({ startup_probe, liveness_probe, readiness_probe }: ResourceJson) =>
      [startup_probe, liveness_probe, readiness_probe].map(({ http_get }) => http_get);
    expect(probes(podOf().container[0])).toEqual([
      { path: "/health", port: "8080" },
      { path: "/health", port: "8080" },
      { path: "/ready", port: "8080" },
    ]);
    expect(probes(podOf({ port: 9000, healthPath: "/live", readyPath: "/go" }).container[0])).toEqual([
      { path: "/live", port: "9000" },
      { path: "/live", port: "9000" },
      { path: "/go", port: "9000" },
    ]);
  });

  test("mounts files, and replaces its pods with other files", () => {
    const files = { mountPath: "/etc/model", contents: { "model.json": "{}" } };
    const made = madeOf({ files });
    expect(made.one("kubernetes_config_map_v1")).toMatchObject({ data: { "model.json": "{}" } });
    const { template } = made.one("kubernetes_deployment_v1").spec;
    const address = made.address("kubernetes_config_map_v1");
    expect(template.metadata.annotations["evaluation-platform/files-sha256"]).toBe(
      `\${sha256(jsonencode(${address}.data))}`,
    );
    expect(template.spec.volume).toContainEqual({ name: "files", config_map: { name: "model" } });
    expect(template.spec.container[0].volume_mount).toContainEqual({
      name: "files",
      mount_path: "/etc/model",
      read_only: true,
    });
    const bare = madeOf();
    expect(bare.all("kubernetes_config_map_v1")).toEqual([]);
    expect(bare.one("kubernetes_deployment_v1").spec.template.metadata.annotations).toEqual({
      "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes": "tmp",
    });
  });
});

test("a web service scales with its CPU, within its limits", () => {
  const spec = (changes: Partial<WebServiceProps>) =>
    madeOf(changes).one("kubernetes_horizontal_pod_autoscaler_v2").spec;
  expect(spec({})).toEqual({
    scale_target_ref: { api_version: "apps/v1", kind: "Deployment", name: "model" },
    min_replicas: 2,
    max_replicas: 5,
    metric: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", average_utilization: 70 } } }],
  });
  expect(spec({ minReplicas: 3, maxReplicas: 9 })).toMatchObject({ min_replicas: 3, max_replicas: 9 });
});

test("a web service loses one pod at a time where nodes are emptied", () => {
  expect(madeOf().one("kubernetes_pod_disruption_budget_v1").spec).toEqual({
    max_unavailable: "1",
    selector: { match_labels: { "app.kubernetes.io/name": "model" } },
  });
});

test("a web service is reached under its name on port 80, inside the cluster only", () => {
  expect(madeOf({ port: 9000 }).one("kubernetes_service_v1")).toMatchObject({
    metadata: { name: "model", namespace: "shop" },
    spec: {
      type: "ClusterIP",
      selector: { "app.kubernetes.io/name": "model" },
      port: [{ name: "http", port: 80, target_port: "9000", protocol: "TCP" }],
    },
  });
  synthesize((stack) => {
    expect(new WebService(stack, "model", propsOf()).url).toBe("http://model.shop");
  });
});

test("a web service ends before its policies, its account and its files", () => {
  const made = gatewayAndModel({ usesAws: true, files: { mountPath: "/etc/a", contents: { a: "1" } } });
  const order = new DestroyOrder(made);
  const deployment = made.address("kubernetes_deployment_v1", "gateway");
  const needed = made.addresses.filter((address) =>
    /^kubernetes_(config_map|network_policy|service_account)_v1\.gateway/.test(address),
  );
  expect(needed).toHaveLength(4);
  expect(needed.filter((address) => !order.destroysBefore(deployment, address))).toEqual([]);
});

test.each<[string, Partial<WebServiceProps>, string]>([
  [
    "a name that is no DNS label",
    { name: "My Model" },
    'name must be a lower-case letter followed by lower-case letters, digits and hyphens, at most 63 characters, got "My Model": use for example "my-model"',
  ],
  ["no port", { port: 0 }, "port must be a whole number from 1 to 65,535, got 0: use for example 8080"],
  [
    "less than one replica",
    { minReplicas: 0 },
    "minReplicas must be a whole number from 1 to 1,000, got 0: use for example 2",
  ],
  [
    "fewer replicas at most than always",
    { minReplicas: 3, maxReplicas: 2 },
    "maxReplicas must be 3 or more, got 2: so many replicas always run; raise it, or lower minReplicas",
  ],
  [
    "more replicas always than the default at most",
    { minReplicas: 6 },
    "maxReplicas must be 6 or more, got 5, the default: so many replicas always run; raise it, or lower minReplicas",
  ],
  [
    "half a thousandth of a core",
    { cpuRequestMillis: 0.5 },
    "cpuRequestMillis must be a whole number from 10 to 1,000,000, got 0.5: use for example 100",
  ],
  [
    "less memory at most than it asks for",
    { memoryLimitMiB: 256 },
    "memoryLimitMiB must be 512 MiB or more, got 256: the pod requests as much; raise the limit, or lower the request",
  ],
])("%s is refused", (_, changes, message) => {
  const name = changes.name ?? "model";
  expect(messageOf(() => madeOf(changes))).toBe(`web service "${name}" has 1 problem:\n  - ${message}`);
});

test("gives access to its resources, for arguments without an option", () => {
  const made = synthesize((stack: TerraformStack) => {
    const { resource, service } = new WebService(stack, "model", propsOf());
    for (const one of [resource, service]) {
      expect(TerraformElement.isTerraformElement(one)).toBe(true);
      one.addOverride("wait_for_load_balancer", true);
    }
  });
  expect(made.one("kubernetes_service_v1").wait_for_load_balancer).toBe(true);
});
