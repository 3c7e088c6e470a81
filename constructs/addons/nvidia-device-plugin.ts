import type { Release } from "@cdktf/provider-helm/lib/release";
import { Construct } from "constructs";
import { nvidiaDevicePluginDaemonSet } from "../pools/daemon-sets.ts";
import type { NodePool } from "../pools/node-pool.ts";
import type { Toleration } from "../support/kubernetes-syntax.ts";
import { throwIfAny } from "../support/problems.ts";
import { type Chart, chartRelease, type ResourceRequirements } from "./chart-release.ts";

/** @see https://github.com/NVIDIA/k8s-device-plugin/tree/v0.20.0/deployments/helm/nvidia-device-plugin */
const chart: Chart = {
  name: "nvidia-device-plugin",
  repository: "https://nvidia.github.io/k8s-device-plugin",
  version: "0.20.0",
};

/** The pools whose GPUs pods may request. */
export interface NvidiaDevicePluginProps {
  /** The pools with a GPU, at least one. */
  readonly gpuPools: readonly NodePool[];
}

/** The keys of the chart's values that are set here. */
interface NvidiaDevicePluginValues {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  readonly resources: ResourceRequirements;
  readonly securityContext: object;
}

/**
 * Lets pods request a node's GPUs as `nvidia.com/gpu`. EKS's NVIDIA image has the driver, but not the plugin (amazon-eks-ami#2342).
 * It runs on GPU nodes only, because it fails on nodes without a driver (eksctl#8858).
 */
export class NvidiaDevicePlugin extends Construct {
  /** The underlying `helm_release`, for settings without an option here. */
  readonly resource: Release;

  /** @throws InvalidConfigurationError for a pool without a GPU, and for no pool at all. */
  constructor(scope: Construct, id: string, { gpuPools }: NvidiaDevicePluginProps) {
    super(scope, id);
    const withGpu = gpuPools.filter((pool) => pool.gpu);
    if (withGpu.length < gpuPools.length || withGpu.length === 0) {
      const got = gpuPools.map((pool) => pool.name).join(", ") || "no pool";
      const fix = "remove the pools without a GPU, or the device plugin if no pool has one";
      throwIfAny("NVIDIA device plugin", [
        { path: ["gpuPools"], allowed: "one or more pools with gpu: true", got, fix },
      ]);
    }
    const { name, cpuRequestMillis, memoryRequestMiB } = nvidiaDevicePluginDaemonSet;
    const values: NvidiaDevicePluginValues = {
      // In addition to the chart's own affinity, which this label of `NodePool` also satisfies (k8s-device-plugin#315, #1213).
      nodeSelector: { "nvidia.com/gpu.present": "true" },
      tolerations: [
        // The chart's own tolerations: Helm replaces lists and does not merge them.
        { key: "CriticalAddonsOnly", operator: "Exists" },
        { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" },
        ...otherTolerations(gpuPools),
      ],
      resources: {
        requests: { cpu: `${cpuRequestMillis}m`, memory: `${memoryRequestMiB}Mi` },
        limits: { memory: "256Mi" },
      },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    };
    this.resource = chartRelease(this, "release", {
      name,
      chart,
      namespace: "kube-system",
      values,
    });
  }
}

/** Tolerations for taints that the chart does not know, without duplicates. */
function otherTolerations(pools: readonly NodePool[]): Toleration[] {
  const all = pools.flatMap((pool) => pool.tolerations);
  const unknown = all.filter(({ key, effect }) => key !== "nvidia.com/gpu" || effect !== "NoSchedule");
  return [...new Map(unknown.map((toleration) => [JSON.stringify(toleration), toleration])).values()];
}
