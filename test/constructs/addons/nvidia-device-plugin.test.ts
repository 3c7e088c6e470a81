import { NvidiaDevicePlugin } from "../../../constructs/addons/nvidia-device-plugin.ts";
import { dynamic, fromZero } from "../../../constructs/pools/capacity.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import type { Taint } from "../../../constructs/support/kubernetes-syntax.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";

const nvidia = { key: "nvidia.com/gpu", value: "true" };
const gpu = (name: string, ...taints: Taint[]) =>
  new NodePool({ name, instanceTypes: ["g4dn.xlarge"], capacity: fromZero(5), gpu: true, taints });
const general = new NodePool({ name: "general", instanceTypes: ["t3.large"], capacity: dynamic(2, 10) });
const release = (...gpuPools: NodePool[]) =>
  synthesize((stack) => {
    new NvidiaDevicePlugin(stack, "plugin", { gpuPools });
  }).one("helm_release");
const values = (...gpuPools: NodePool[]) => JSON.parse(release(...gpuPools).values[0]);

describe("the NVIDIA device plugin", () => {
  test("is one release in one version, rolled back when it fails, with three revisions of history", () => {
    const { values: _, ...made } = release(gpu("gpu"));
    expect(made).toEqual({
      name: "nvidia-device-plugin",
      repository: "https://nvidia.github.io/k8s-device-plugin",
      chart: "nvidia-device-plugin",
      version: "0.20.0",
      namespace: "kube-system",
      atomic: true,
      cleanup_on_fail: true,
      wait: true,
      timeout: 600,
      max_history: 3,
    });
  });

  test("has these values and no others", () => {
    expect(values(gpu("gpu", { ...nvidia, effect: "NoSchedule" }))).toEqual({
      nodeSelector: { "nvidia.com/gpu.present": "true" },
      tolerations: [
        { key: "CriticalAddonsOnly", operator: "Exists" },
        { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" },
      ],
      resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    });
  });

  test("selects nodes by a label of the pools with a GPU, and of no others", () => {
    const { nodeSelector } = values(gpu("gpu"));
    expect(gpu("gpu").labels).toMatchObject(nodeSelector);
    for (const label of Object.keys(nodeSelector)) expect(general.labels).not.toHaveProperty([label]);
  });

  test("tolerates every other taint of the pools, each once", () => {
    const vision = { key: "team", value: "vision", effect: "NoSchedule" } as const;
    const pools = [gpu("one", { ...nvidia, effect: "NoExecute" }), gpu("two", vision), gpu("three", vision)];
    expect(values(...pools).tolerations.slice(2)).toEqual([
      { ...nvidia, operator: "Equal", effect: "NoExecute" },
      { ...vision, operator: "Equal" },
    ]);
  });

  test("is refused for pools without a GPU, and for none", () => {
    const message = (got: string) =>
      `NVIDIA device plugin has 1 problem:\n  - gpuPools must be one or more pools with gpu: true, got ${got}: remove the pools without a GPU, or the device plugin if no pool has one`;
    expect(messageOf(() => release(gpu("gpu"), general))).toBe(message("gpu, general"));
    expect(messageOf(() => release())).toBe(message("no pool"));
  });
});
