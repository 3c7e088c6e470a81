import { Testing } from "cdktf";
import { NodePool } from "../../constructs/pools/node-pool.ts";
import type { ContainerImage } from "../../constructs/workload/worker-image.ts";
import type { WorkerJobProps } from "../../constructs/workload/worker-job.ts";
import { dev, prod } from "../../environments.ts";
import type { Environment } from "../../stacks/configuration/schema.ts";
import { createStacks } from "../../stacks/create-stacks.ts";
import { resolved } from "./fixtures.ts";
import { type ResourceJson, type Synthesized, synthesizeApp } from "./synthesized.ts";

/** A pool of prod by its name. */
export function pool(name: string): NodePool {
  const props = prod.nodePools[name];
  if (props === undefined) throw new Error(`there is no pool ${name}`);
  return new NodePool({ name, ...props });
}

/** An image whose reference, content and evaluations may differ alone. */
export function testImage(
  changes: { readonly reference?: string; readonly contentHash?: string; readonly evaluations?: string } = {},
): ContainerImage {
  const { evaluations = "1", reference = "registry.example.com/ttg-worker:1", contentHash = "1" } = changes;
  return {
    reference,
    referenceFor: () => reference,
    contentHashFor: () => contentHash,
    evaluationIdentity: ({ evaluation, evaluationCommand }) => ({
      evaluation: evaluationCommand ?? evaluation ?? "",
      evaluationSha256: evaluations,
    }),
  };
}

/** A job of the table, with changes. */
export function jobProps(changes: Partial<WorkerJobProps> = {}): WorkerJobProps {
  return {
    name: "ttg-computation",
    totalParameters: 10_000_000,
    workers: 3,
    target: pool("executor"),
    namespace: "sweep",
    serviceAccountName: "worker",
    image: testImage(),
    region: "us-west-2",
    resultsBucket: "bucket",
    resultsPrefix: "runs/",
    dependsOn: [],
    ...changes,
  };
}

/** All stacks of an environment, as `cdktf synth` writes them, by their ids without the environment's name. */
export function synthesizeEnvironment(
  environment: Environment,
): Record<"platform" | "addons" | "image" | "workload", Synthesized> {
  const app = Testing.app();
  createStacks(app, resolved(environment));
  const stacks = synthesizeApp(app);
  const stack = (name: string) => {
    const made = stacks.get(`${environment.name}-${name}`);
    if (made === undefined) throw new Error(`there is no stack ${name}`);
    return made;
  };
  return { platform: stack("platform"), addons: stack("addons"), image: stack("image"), workload: stack("workload") };
}

/** The dev environment with one job, changed. */
export function devWithJob(changes: Partial<Environment["workload"]["jobs"][number]> = {}): Environment {
  const [job] = dev.workload.jobs;
  if (job === undefined) throw new Error("dev has a job");
  return { ...dev, workload: { ...dev.workload, jobs: [{ ...job, ...changes }] } };
}

/**
 * The environment variables that Kubernetes would give the pod with an index: `envFrom` in its order, then `env`.
 * @param bucket the name that replaces the reference to the platform's bucket.
 */
export function podEnvironment(workload: Synthesized, index: number, bucket = "bucket"): Record<string, string> {
  const [container] = workload.one("kubernetes_job_v1").spec.template.spec.container;
  const environment: Record<string, string> = {};
  for (const { config_map_ref } of container.env_from) {
    const maps: ResourceJson[] = workload.all("kubernetes_config_map_v1");
    const map = maps.find(({ metadata }) => metadata.name === config_map_ref.name);
    if (map === undefined) throw new Error(`there is no ConfigMap ${config_map_ref.name}`);
    Object.assign(environment, map.data);
  }
  const annotations: Readonly<Record<string, string>> = { "batch.kubernetes.io/job-completion-index": String(index) };
  for (const { name, value_from } of container.env) {
    const [, annotation = ""] = /^metadata\.annotations\['(.*)'\]$/.exec(value_from.field_ref.field_path) ?? [];
    const value = annotations[annotation];
    if (value === undefined) throw new Error(`a pod has no ${value_from.field_ref.field_path}`);
    environment[name] = value;
  }
  environment.RESULTS_URL = (environment.RESULTS_URL ?? "").replace(/\$\{[^}]*\}/, bucket);
  return environment;
}
