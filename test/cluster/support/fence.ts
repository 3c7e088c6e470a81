import { RESULTS_FORMAT, type ServiceFile, serviceFileSchema } from "sweep-worker/contract";
import type { Environment } from "../../../stacks/configuration/schema.ts";
import { fillTemplate } from "../../../worker/src/service/jobs.ts";
import { devWithServicesAnd } from "../../support/services.ts";
import type { Synthesized } from "../../support/synthesized.ts";
import { synthesizeEnvironment } from "../../support/workload.ts";
import { renderRelease } from "./helm.ts";
import type { KubernetesObject } from "./kubernetes-api.ts";
import { evaluate, type Resolve } from "./manifests.ts";
import { objectsOf } from "./pods-on-cluster.ts";

/** The API as the API server knows it. */
export const apiUser = "system:serviceaccount:platform-services:api";

/** What a deploy makes of an environment whose API may create Jobs. */
export interface Fence {
  readonly platform: Synthesized;
  /** The namespace of sweeps, the fence, and behind it the permissions of the API. */
  readonly objects: readonly KubernetesObject[];
  /** The file of the API. */
  readonly file: ServiceFile;
}

const resolve: Resolve = (expression) => (/bucket/.test(expression) ? "bucket" : "registry");

/** @param image that workers run. */
export function fenceOf(image = "registry.example.com/ttg-worker:1"): Fence {
  const services = devWithServicesAnd({ jobs: [{ size: "small", maxWorkers: 4 }, { size: "large" }] });
  const environment: Environment = { ...services, workload: { ...services.workload, image, jobs: [] } };
  const { platform, workload } = synthesizeEnvironment(environment);
  const inSweep = (types: readonly string[]) =>
    objectsOf(
      workload,
      types.map((type) => `kubernetes_${type}_v1`),
      resolve,
    ).filter(({ kind, metadata }) =>
      kind === "Namespace" ? metadata.name === "sweep" : metadata.namespace === "sweep",
    );
  const { data } = workload.one("kubernetes_config_map_v1", "services_api");
  return {
    platform,
    objects: [
      ...inSweep(["namespace", "service_account", "network_policy"]),
      ...renderRelease(workload, workload.one("helm_release", "service-jobs"), resolve),
      ...inSweep(["role", "role_binding"]),
    ],
    file: serviceFileSchema.parse(JSON.parse(evaluate(data["service.json"], resolve) as string)),
  };
}

/** An honest Job of the API, of two workers. */
export function honestJob({ file }: Fence, name: string, size = "small"): KubernetesObject {
  const { job } = file.sizes.find((one) => one.size === size) ?? {};
  if (job === undefined) throw new Error(`the API may create no Jobs of the size ${size}`);
  const shape = { totalParameters: 10, batchSize: 5, seed: 1, columns: [] };
  const identity = { format: RESULTS_FORMAT, evaluation: name, evaluationSha256: "", ...shape };
  const url = `s3://bucket/runs/${file.jobFolder}/${name}`;
  return fillTemplate(job.template, { url, identity, settings: {}, workers: 2, maxWorkers: job.max });
}
