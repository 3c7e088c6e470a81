import { Synthesized } from "../support/synthesized.ts";
import { devWithJob, synthesizeEnvironment } from "../support/workload.ts";
import { manifestsOf } from "./support/manifests.ts";

const stack = (type: string, resource: object) => new Synthesized({ resource: { [type]: { one: resource } } });
const { workload } = synthesizeEnvironment(devWithJob());

describe("the conversion of Terraform's resources into Kubernetes' objects", () => {
  test("keeps every value of the Job that the stack has", () => {
    const job = manifestsOf(workload, () => "reference").find(({ kind }) => kind === "Job");
    const terraform = workload.one("kubernetes_job_v1");
    expect(job).toMatchObject({
      apiVersion: "batch/v1",
      spec: {
        completions: 3,
        backoffLimit: terraform.spec.backoff_limit,
        podFailurePolicy: {
          rules: [
            { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
            { action: "FailIndex", onExitCodes: { containerName: "worker", operator: "In", values: [42] } },
          ],
        },
        template: { spec: { securityContext: { runAsUser: 65532 }, nodeSelector: { "node-pool": "executor" } } },
      },
    });
    expect(leaves(job?.spec)).toEqual(leaves(terraform.spec));
  });

  test("creates a resource after those that it depends on", () => {
    const kinds = manifestsOf(workload, () => "reference").map(({ kind }) => kind);
    expect(kinds[0]).toBe("Namespace");
    expect(kinds.indexOf("ConfigMap")).toBeLessThan(kinds.indexOf("Job"));
    expect(kinds.indexOf("RoleBinding")).toBeLessThan(kinds.indexOf("CronJob"));
  });

  test("evaluates references and escapes as Terraform does", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Terraform's.
    const data = { URL: "s3://${bucket.name}/runs", TEXT: "$${HOME} %%{if}" };
    const map = stack("kubernetes_config_map_v1", { metadata: { name: "a" }, data });
    const [converted] = manifestsOf(map, (expression) => `<${expression}>`);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's.
    expect(converted?.data).toEqual({ URL: "s3://<bucket.name>/runs", TEXT: "${HOME} %{if}" });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Terraform's.
    expect(() => manifestsOf(map)).toThrow("nothing says what ${bucket.name} is");
  });

  test("refuses a resource and an attribute that it does not know", () => {
    const service = stack("kubernetes_secret_v1", {});
    expect(() => manifestsOf(service)).toThrow("kubernetes_secret_v1.one: terraform-schema.ts does not know this type");
    const secret = { metadata: { name: "a" }, secret: [{ name: "b" }] };
    expect(() => manifestsOf(stack("kubernetes_service_account_v1", secret))).toThrow(
      "kubernetes_service_account_v1.one.secret: terraform-schema.ts does not know this attribute",
    );
    const generated = { metadata: { generate_name: "a" } };
    expect(() => manifestsOf(stack("kubernetes_namespace_v1", generated))).toThrow(
      "kubernetes_namespace_v1.one.metadata.generate_name: terraform-schema.ts does not know this attribute",
    );
  });

  test("refuses a Job that leaves out a limit for which the provider sends a value of its own", () => {
    const job = structuredClone(workload.one("kubernetes_job_v1"));
    delete job.spec.backoff_limit;
    delete job.spec.max_failed_indexes;
    expect(() => manifestsOf(stack("kubernetes_job_v1", job), () => "reference")).toThrow(
      "kubernetes_job_v1.one.spec: set backoff_limit, max_failed_indexes, or the provider sends its own value",
    );
  });

  test("converts how a Deployment is updated, and refuses one that leaves its replicas to Kubernetes", () => {
    const rollingUpdate = { max_surge: "0", max_unavailable: "100%" };
    const deployment = { spec: { replicas: "0", strategy: { type: "RollingUpdate", rolling_update: rollingUpdate } } };
    const [converted] = manifestsOf(stack("kubernetes_deployment_v1", { ...deployment, wait_for_rollout: false }));
    expect(converted).toEqual({
      apiVersion: "apps/v1",
      kind: "Deployment",
      spec: {
        replicas: 0,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "100%" } },
      },
    });
    expect(() => manifestsOf(stack("kubernetes_deployment_v1", { spec: {} }))).toThrow(
      "kubernetes_deployment_v1.one.spec: set replicas, or the provider sends its own value",
    );
  });
});

/** All texts and numbers inside a value, in alphabetical order, with numbers and references as texts. */
function leaves(value: unknown): string[] {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(leaves).sort();
  return [String(value).replaceAll(/\$\{[^}]*\}/g, "reference")];
}
