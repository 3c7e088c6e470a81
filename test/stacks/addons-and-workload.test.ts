import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dev, environments, prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { devWith } from "../support/fixtures.ts";
import { devWithJob, synthesizeEnvironment } from "../support/workload.ts";

const remoteState = /data\.terraform_remote_state\.([\w-]+)\.outputs\.([\w-]+)/g;
/** Tags and names that are hashes over the worker's sources: they change with every edit, and mean no change of the stack. */
const hashes = /(ttg-computation-|repository_url\}:|evaluation-sha256":")[0-9a-f]+/g;

describe.each(environments.map((environment) => [environment.name, environment] as const))(
  "in %s",
  (name, environment) => {
    const made = synthesizeEnvironment(environment);

    describe.each(["addons", "workload"] as const)("the %s stack", (part) => {
      const stack = made[part];
      const text = JSON.stringify(stack.json);

      test("has exactly the pinned addresses", () => {
        const pinned = readFileSync(join(__dirname, "addresses", `${name}-${part}.txt`), "utf8");
        expect(`${stack.addresses.join("\n")}\n`).toBe(pinned);
      });

      test("has not changed unnoticed", () => {
        expect(JSON.parse(text.replace(hashes, "$1<hash>"))).toMatchSnapshot();
      });

      test("names no path of this machine and holds no secret", () => {
        expect(text).not.toContain(process.cwd());
        expect(text).not.toMatch(/"\/(home|root|work|Users|opt)\//);
        expect(text).not.toMatch(/AKIA|secret_key|access_key|password|PRIVATE KEY|kubernetes_secret/);
      });

      test("reads of the platform what the platform puts out, and nothing else while planning", () => {
        const exported = Object.keys(made.platform.json.output ?? {});
        const read = [...text.matchAll(remoteState)];
        expect(read.length).toBeGreaterThan(3);
        for (const [, state, output] of read) {
          expect(state).toBe(`cross-stack-reference-input-${name}-platform`);
          expect(exported).toContain(output);
        }
        expect(Object.keys(stack.json.data as object)).toEqual(["terraform_remote_state"]);
      });

      test("has nothing of AWS in it, so that destroying it touches nothing of the platform", () => {
        const types = new Set(stack.addresses.map((address) => address.slice(0, address.indexOf("."))));
        expect([...types].filter((type) => !/^(kubernetes_\w+_v1|helm_release|terraform_data)$/.test(type))).toEqual(
          [],
        );
        expect(Object.keys(stack.json.provider ?? {})).toEqual(part === "addons" ? ["helm"] : ["helm", "kubernetes"]);
        expect(JSON.stringify(made.platform.json)).not.toContain(`${name}-${part}`);
      });

      test("gets into the cluster by its certificate and a token that lasts as long as it is needed", () => {
        const [provider] = stack.json.provider?.[part === "addons" ? "helm" : "kubernetes"] ?? [];
        const access = part === "addons" ? provider?.kubernetes : provider;
        const exec = part === "addons" ? access?.exec : access?.exec[0];
        expect(access).toMatchObject({
          host: expect.stringMatching(/outputs\.[\w-]*aws_eks_cluster[\w-]*endpoint\}$/),
          cluster_ca_certificate: expect.stringMatching(/^\$\{base64decode\(.*certificate_authority0data\)\}$/),
        });
        expect(exec).toMatchObject({
          api_version: "client.authentication.k8s.io/v1beta1",
          command: "aws",
          args: ["eks", "get-token", "--cluster-name", expect.any(String), "--region", "us-west-2", "--output", "json"],
        });
      });

      test("keeps its state where the environment's other states are", () => {
        const { terraform } = stack.json;
        const s3 = { bucket: "example-terraform-state", key: `${name}/${name}-${part}.tfstate`, use_lockfile: true };
        const local = { path: `../../../terraform.${name}-${part}.tfstate` };
        expect(terraform?.backend).toMatchObject(environment.s3State === undefined ? { local } : { s3 });
        expect(terraform?.required_version).toBe(">= 1.10.0");
      });
    });

    test("the stacks are deployed in order, and destroyed in reverse", () => {
      const { platform, addons, image, workload } = made;
      expect(platform.dependencies).toEqual([]);
      expect(addons.dependencies).toEqual([`${name}-platform`]);
      expect(image.dependencies).toEqual([`${name}-platform`]);
      expect([...workload.dependencies].sort()).toEqual([`${name}-addons`, `${name}-image`, `${name}-platform`]);
    });
  },
);

describe.each(["platform", "addons", "workload"] as const)("deletion protection of the %s stack", (part) => {
  const guardOf = (environment: Environment) => {
    const stack = synthesizeEnvironment(environment)[part];
    return { guard: stack.resources.get("terraform_data.deletion-protection"), addresses: stack.addresses };
  };

  test.each([true, false])("stands in front of everything else when it is %s", (deletionProtection) => {
    const { guard, addresses } = guardOf({ ...prod, cluster: { ...prod.cluster, deletionProtection } });
    expect(guard?.lifecycle).toEqual({ prevent_destroy: deletionProtection });
    expect(["terraform_data.deletion-protection", ...(guard?.depends_on ?? [])].sort()).toEqual(addresses);
  });

  test("stays when the option is deleted from the environment, so that a destroy meets the deployed value", () => {
    const { deletionProtection: _, ...cluster } = prod.cluster;
    const { guard, addresses } = guardOf({ ...prod, cluster });
    expect(guard).toMatchObject({ input: { protected: false }, lifecycle: { prevent_destroy: false } });
    expect(["terraform_data.deletion-protection", ...(guard?.depends_on ?? [])].sort()).toEqual(addresses);
  });
});

describe("the addons stack", () => {
  test("has no device plugin where there is no GPU", () => {
    const { gpu: _, ...nodePools } = dev.nodePools;
    const { addons } = synthesizeEnvironment(devWith({ nodePools }));
    expect(addons.all("helm_release").map(({ name }) => name)).toEqual(["cluster-autoscaler"]);
    const { addons: withGpu } = synthesizeEnvironment(dev);
    expect(withGpu.all("helm_release").map(({ name }) => name)).toEqual(["cluster-autoscaler", "nvidia-device-plugin"]);
  });

  test("runs the autoscaler on the pool that is always there, with the identity the platform has bound", () => {
    const { addons, platform } = synthesizeEnvironment(dev);
    const values = JSON.parse(addons.one("helm_release", "cluster-autoscaler").values[0]);
    expect(values.nodeSelector).toEqual({ "node-pool": "general" });
    const association = platform.one("aws_eks_pod_identity_association", "cluster-autoscaler-identity");
    expect(association).toMatchObject({
      namespace: addons.one("helm_release", "cluster-autoscaler").namespace,
      service_account: values.rbac.serviceAccount.name,
    });
  });
});

describe("the workload stack", () => {
  const workload = (environment: Environment) => synthesizeEnvironment(environment).workload;

  test("without jobs has a namespace and nothing else, so that the platform stands idle", () => {
    const idle = workload(devWith({ workload: { namespace: "sweep", jobs: [] } }));
    expect(idle.addresses.map((address) => address.split(".")[0]).sort()).toEqual([
      "kubernetes_namespace_v1",
      "kubernetes_network_policy_v1",
      "kubernetes_network_policy_v1",
      "terraform_data",
    ]);
    expect(idle.json.output?.results?.value).toEqual({});
  });

  test("has a Job for each job, on its pool or its size", () => {
    const common = { totalParameters: 1000, workers: 2 };
    const jobs = [
      { name: "a", nodePool: "executor", ...common },
      { name: "b", size: "small", ...common },
      { name: "c", size: "large", ...common },
      { name: "d", size: "gpu", ...common },
    ];
    const made = workload(devWith({ workload: { namespace: "sweep", jobs } }));
    const placed = made.all("kubernetes_job_v1").map(({ spec }) => {
      const { node_selector, toleration, container } = spec.template.spec;
      return [node_selector, toleration[0].key, container[0].resources.limits["nvidia.com/gpu"]];
    });
    expect(placed).toEqual([
      [{ "node-pool": "executor" }, "workload-type", undefined],
      [{ "executor-size": "small" }, "workload-type", undefined],
      [{ "executor-size": "large" }, "workload-type", undefined],
      [{ "executor-size": "gpu" }, "nvidia.com/gpu", "1"],
    ]);
    expect(Object.keys(made.json.output?.results?.value ?? {})).toEqual(["a", "b", "c", "d"]);
  });

  test("writes only where the platform has allowed it, in the namespace and as the account it has bound", () => {
    const { workload: made, platform } = synthesizeEnvironment(dev);
    const association = platform.one("aws_eks_pod_identity_association", "worker-identity");
    const { metadata, spec } = made.one("kubernetes_job_v1");
    expect(association).toMatchObject({
      namespace: metadata.namespace,
      service_account: spec.template.spec.service_account_name,
    });
    const { Statement } = JSON.parse(platform.one("aws_iam_role_policy", "worker-identity-").policy);
    const [, prefix] = /\/(.*)\*$/.exec(Statement[0].Resource[0]) ?? [];
    const url: string = made.one("kubernetes_config_map_v1").data.RESULTS_URL;
    expect(url).toMatch(/^s3:\/\/\$\{[^}]*aws_s3_bucket[^}]*\}\//);
    expect(url.slice(url.indexOf("}/") + 2).startsWith(String(prefix))).toBe(true);
  });

  test("has as many workers as its environment says", () => {
    expect(workload(dev).one("kubernetes_job_v1").spec.completions).toBe(3);
    expect(workload(prod).one("kubernetes_job_v1").spec.completions).toBe(50);
    expect(workload(devWithJob({ workers: 7 })).one("kubernetes_job_v1").spec.completions).toBe(7);
  });
});
