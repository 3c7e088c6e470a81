import { Construct } from "constructs";
import type { NodePool } from "../pools/node-pool.ts";
import { throwIfAny } from "../support/problems.ts";
import { type Chart, chartRelease, type ResourceRequirements } from "./chart-release.ts";

/** @see https://github.com/NVIDIA/k8s-device-plugin/tree/v0.20.0/deployments/helm/nvidia-device-plugin */
export const nvidiaDevicePluginChart: Chart = {
  name: "nvidia-device-plugin",
  repository: "https://nvidia.github.io/k8s-device-plugin",
  version: "0.20.0",
};

/** What one pod of it asks for; it runs on every GPU node, so that jobs cannot have this much. */
export const nvidiaDevicePluginRequests = { cpuMillis: 10, memoryMiB: 64 } as const;

export interface NvidiaDevicePluginProps {
  /** The pools with a GPU, at least one. */
  readonly gpuPools: readonly NodePool[];
}

/** A toleration of a pod. */
interface Toleration {
  readonly key: string;
  readonly operator: "Equal" | "Exists";
  readonly value?: string;
  readonly effect?: string;
}

/** The keys of the chart's values that are set here. */
export interface NvidiaDevicePluginValues {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  readonly resources: ResourceRequirements;
  readonly securityContext: object;
}

/**
 * Makes a node's GPUs something a pod can ask for, as `nvidia.com/gpu`. EKS's NVIDIA image has the driver, but not this
 * (amazon-eks-ami#2342). It runs on GPU nodes only; elsewhere it would only fail to find a driver (eksctl#8858).
 */
export class NvidiaDevicePlugin extends Construct {
  /** @throws InvalidConfigurationError when no pool has a GPU: there would be nothing for it to do. */
  constructor(scope: Construct, id: string, { gpuPools }: NvidiaDevicePluginProps) {
    super(scope, id);
    const withGpu = gpuPools.filter((pool) => pool.gpu);
    if (withGpu.length < gpuPools.length || withGpu.length === 0) {
      const got = gpuPools.map((pool) => pool.name).join(", ") || "no pool";
      const fix = "leave the device plugin out, or add gpu: true to the pool";
      throwIfAny("NVIDIA device plugin", [
        { path: ["gpuPools"], what: "has no GPU", got, allowed: "pools with gpu: true, at least one", fix },
      ]);
    }
    const { cpuMillis, memoryMiB } = nvidiaDevicePluginRequests;
    const values: NvidiaDevicePluginValues = {
      // Beside the chart's own affinity, which this label of `NodePool` satisfies as well (k8s-device-plugin#315, #1213).
      nodeSelector: { "nvidia.com/gpu.present": "true" },
      tolerations: [
        // The chart's own, which are replaced and not merged.
        { key: "CriticalAddonsOnly", operator: "Exists" },
        { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" },
        ...otherTolerations(gpuPools),
      ],
      resources: {
        requests: { cpu: `${cpuMillis}m`, memory: `${memoryMiB}Mi` },
        limits: { memory: "256Mi" },
      },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    };
    chartRelease(this, "release", {
      name: "nvidia-device-plugin",
      chart: nvidiaDevicePluginChart,
      namespace: "kube-system",
      values,
    });
  }
}

/** Tolerations for taints that the chart does not know, each once. */
function otherTolerations(pools: readonly NodePool[]): Toleration[] {
  const all = pools.flatMap((pool) => pool.tolerations);
  const unknown = all.filter(({ key, effect }) => key !== "nvidia.com/gpu" || effect !== "NoSchedule");
  return [...new Map(unknown.map((toleration) => [JSON.stringify(toleration), toleration])).values()];
}
