import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serviceFileSchema } from "sweep-worker/contract";
import { dev, prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { devWithExecutors, devWithExecutorsAnd } from "../support/executors.ts";
import { devWith } from "../support/fixtures.ts";
import { devWithIngress } from "../support/ingress.ts";
import { findKubernetesMirror, KubernetesWorkspace } from "../support/kubernetes-terraform.ts";
import type { Plan } from "../support/plan.ts";
import { canRun } from "../support/required.ts";
import { devWithServices } from "../support/services.ts";
import { Synthesized } from "../support/synthesized.ts";
import { readStackFile } from "../support/terraform.ts";

// Set TF_PLUGIN_MIRROR to a folder with the providers, KUBECONFIG to the file of a cluster, and HELM_CHARTS to a folder with
// <name>-<version>.tgz where the repositories of charts are out of reach. REQUIRE_KUBERNETES_PROVIDERS=1 forbids to skip what needs
// the providers alone, and REQUIRE_KUBECONFIG=1 what needs the cluster.
const mirror = findKubernetesMirror();
const { KUBECONFIG: kubeconfig, HELM_CHARTS: charts } = process.env;
const image = "registry.example.com/ttg-worker:1.0.0";
// A plan must not ask for Docker, and an image that is named does not.
const prebuilt = devWith({ workload: { ...dev.workload, image } });

if ("missing" in mirror) {
  const name = "terraform validates and plans the addons and workload stacks";
  canRun(name, "REQUIRE_KUBERNETES_PROVIDERS", mirror.missing);
  test.skip(name, () => {});
} else {
  const workspace = new KubernetesWorkspace(mirror.path);
  afterAll(() => workspace.remove());

  describe.each<[string, Environment]>([
    ["dev", dev],
    ["prod", prod],
    ["an environment with executors", devWithExecutors],
    ["an environment with an entry from outside", devWithIngress()],
    ["an environment with services", devWithServices],
  ])("terraform validates %s", (_, environment) => {
    test.each(["addons", "workload"] as const)("the %s stack, without an error, a warning or a deprecation", (part) => {
      const folder = workspace.synthesizeStack(environment, part);
      workspace.init(folder);
      const validated = JSON.parse(workspace.run(folder, "validate", "-json", "-no-color"));
      expect(validated).toMatchObject({ valid: true, error_count: 0, warning_count: 0, diagnostics: [] });
    });
  });

  test("terraform plans executors: none of them, with a chart that it finds, and a hash of settings that it knows", () => {
    const environment = devWithExecutorsAnd({ image });
    const folder = workspace.synthesizeStack(environment, "workload");
    // A plan that only creates asks no cluster.
    const nowhere = join(workspace.root, "kubeconfig");
    writeFileSync(nowhere, JSON.stringify(kubeconfigOf("https://127.0.0.1:9")));
    const copy = workspace.copyForCluster(folder, nowhere);
    workspace.initCopy(copy);
    const { plan, output } = workspace.plan(copy);
    expect(output).not.toMatch(/Warning:|[Dd]eprecat/);
    const afterOf = (type: string) =>
      plan.resource_changes.find(({ address }) => address.startsWith(`${type}.executor-large`))?.change.after;
    const sha = expect.stringMatching(/^[0-9a-f]{64}$/);
    const annotations = { "evaluation-platform/settings-sha256": sha };
    const spec = { replicas: "0", template: [{ metadata: [{ annotations }] }] };
    expect(afterOf("kubernetes_deployment_v1")).toMatchObject({ wait_for_rollout: false, spec: [spec] });
    expect(afterOf("helm_release")).toMatchObject({ status: "deployed", version: "1.0.0" });
  });

  test("terraform plans services: two Deployments that wait for their pods, with a hash of the file that it knows", () => {
    const workload = { ...devWithServices.workload, image };
    const folder = workspace.synthesizeStack({ ...devWithServices, workload }, "workload");
    const nowhere = join(workspace.root, "kubeconfig");
    writeFileSync(nowhere, JSON.stringify(kubeconfigOf("https://127.0.0.1:9")));
    const copy = workspace.copyForCluster(folder, nowhere);
    workspace.initCopy(copy);
    const { plan, output } = workspace.plan(copy);
    expect(output).not.toMatch(/Warning:|[Dd]eprecat/);
    const afterOf = (address: string) =>
      plan.resource_changes.find((change) => change.address.startsWith(address))?.change.after;
    const sha = expect.stringMatching(/^[0-9a-f]{64}$/);
    const template = [{ metadata: [{ annotations: { "evaluation-platform/files-sha256": sha } }] }];
    expect(afterOf("kubernetes_deployment_v1.services_api")).toMatchObject({
      wait_for_rollout: true,
      spec: [{ replicas: "2", template }],
    });
    expect(afterOf("kubernetes_horizontal_pod_autoscaler_v2.services_frontend")).toMatchObject({
      spec: [{ min_replicas: 2, max_replicas: 5 }],
    });
    const { data } = afterOf("kubernetes_config_map_v1.services_api") as { data: Record<string, string> };
    expect(serviceFileSchema.parse(JSON.parse(data["service.json"] ?? ""))).toMatchObject({ environment: "dev" });
  });

  if (kubeconfig === undefined) {
    const name = "terraform plans the addons and workload stacks";
    canRun(name, "REQUIRE_KUBECONFIG", "KUBECONFIG names no cluster");
    test.skip(name, () => {});
  } else {
    describe.each(["addons", "workload"] as const)("terraform plans the %s stack in a cluster", (part) => {
      let made: Synthesized;
      let plan: Plan;
      let printed: string;

      beforeAll(() => {
        const folder = workspace.synthesizeStack(prebuilt, part);
        made = new Synthesized(JSON.parse(readStackFile(folder)));
        const copy = workspace.copyForCluster(folder, kubeconfig, charts);
        workspace.initCopy(copy);
        const result = workspace.plan(copy);
        plan = result.plan;
        printed = result.output;
      });

      test("creates every resource that was synthesized and touches nothing else", () => {
        expect(plan.resource_changes.map(({ address }) => address).sort()).toEqual(made.addresses);
        expect(plan.resource_changes.filter(({ change }) => String(change.actions) !== "create")).toEqual([]);
        expect(printed).not.toMatch(/Warning:|[Dd]eprecat/);
      });

      test("keeps the limits that the provider would have chosen otherwise", () => {
        const jobs = plan.resource_changes.filter(({ type }) => type === "kubernetes_job_v1");
        expect(jobs).toHaveLength(part === "workload" ? 1 : 0);
        for (const { change } of jobs) {
          const limits = {
            backoff_limit: 2147483647,
            backoff_limit_per_index: 6,
            max_failed_indexes: 1,
            completion_mode: "Indexed",
          };
          expect(change.after).toMatchObject({ spec: [limits], wait_for_completion: false });
        }
      });
    });
  }
}

/** A kubeconfig for a cluster of this address. */
function kubeconfigOf(server: string) {
  const name = "test";
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: { token: "test" } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
}
