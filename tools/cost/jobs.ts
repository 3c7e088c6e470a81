import type { JobFacts } from "../plan/environment.ts";
import type { PodShape } from "../plan/machines.ts";
import { ToolError } from "../support/tool.ts";
import type { SynthesizedPool } from "./pools.ts";
import { ofType, type Resource, type ResourceJson } from "./synthesized.ts";

/** The Jobs of the synthesized stacks. */
export function synthesizedJobs(resources: readonly Resource[], pools: readonly SynthesizedPool[]): JobFacts[] {
  return ofType(resources, "kubernetes_job_v1").map(({ metadata, spec }) => {
    const { spec: pod } = spec.template;
    const maps = ofType(resources, "kubernetes_config_map_v1");
    const variables = maps.find((map) => map.metadata.name === metadata.name)?.data ?? {};
    return {
      name: metadata.labels["app.kubernetes.io/name"],
      pool: poolOf(pod.node_selector, pools),
      pod: podShapeOf(pod.container),
      workers: spec.completions,
      parallelism: spec.parallelism,
      variables,
    };
  });
}

/** The first pool with all these labels: where several have them, the autoscaler chooses. */
function poolOf(selector: Readonly<Record<string, string>>, pools: readonly SynthesizedPool[]): string {
  const matching = pools.find(({ labels }) => Object.entries(selector).every(([key, value]) => labels[key] === value));
  if (matching === undefined) throw new ToolError(`no pool has the labels ${JSON.stringify(selector)}`);
  return matching.name;
}

function podShapeOf([container]: readonly ResourceJson[]): PodShape {
  const { requests, limits } = container?.resources ?? {};
  return {
    cpuRequestMillis: millis(requests.cpu),
    cpuLimitMillis: millis(limits.cpu),
    memoryRequestMiB: mebibytes(requests.memory),
    ephemeralStorageMiB: mebibytes(requests["ephemeral-storage"]),
    gpus: Number(limits["nvidia.com/gpu"] ?? 0),
  };
}

/** `500m` or `2`. */
function millis(quantity: string): number {
  return quantity.endsWith("m") ? Number(quantity.slice(0, -1)) : 1000 * Number(quantity);
}

/** `128Mi` or `2Gi`: what `worker-pod.ts` writes. */
function mebibytes(quantity: string): number {
  return Number(quantity.slice(0, -2)) * (quantity.endsWith("Gi") ? 1024 : 1);
}
