import { NvidiaDevicePlugin } from "../../../constructs/addons/nvidia-device-plugin.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import { prod } from "../../../environments.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";
import { pool } from "../../support/workload.ts";

const release = (...gpuPools: NodePool[]) =>
  synthesize((stack) => {
    new NvidiaDevicePlugin(stack, "plugin", { gpuPools });
  }).one("helm_release");

describe("the NVIDIA device plugin", () => {
  test("is one pinned release", () => {
    expect(release(pool("gpu"))).toMatchObject({
      repository: "https://nvidia.github.io/k8s-device-plugin",
      chart: "nvidia-device-plugin",
      version: "0.20.0",
      namespace: "kube-system",
      atomic: true,
      cleanup_on_fail: true,
      wait: true,
      timeout: 600,
    });
  });

  test("goes where a GPU pool's own labels are, past its taint", () => {
    const values = JSON.parse(release(pool("gpu")).values[0]);
    for (const [label, value] of Object.entries(values.nodeSelector)) expect(pool("gpu").labels[label]).toBe(value);
    expect(pool("executor").labels).not.toHaveProperty(Object.keys(values.nodeSelector)[0] as string);
    expect(values.tolerations).toEqual([
      { key: "CriticalAddonsOnly", operator: "Exists" },
      { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" },
    ]);
  });

  test("goes past any other taint of the pools as well, each said once", () => {
    const taints = [{ key: "team", value: "vision", effect: "NoExecute" as const }];
    const tainted = new NodePool({ ...(prod.nodePools.gpu as object), name: "vision", taints } as never);
    const { tolerations } = JSON.parse(release(pool("gpu"), tainted, tainted).values[0]);
    expect(tolerations.slice(2)).toEqual([{ key: "team", operator: "Equal", value: "vision", effect: "NoExecute" }]);
  });

  test("asks for little, and for no right beyond", () => {
    expect(JSON.parse(release(pool("gpu")).values[0])).toMatchObject({
      resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    });
  });

  test("is refused for pools without a GPU, and for none", () => {
    expect(messageOf(() => release(pool("gpu"), pool("executor")))).toBe(
      "NVIDIA device plugin has 1 problem:\n  - gpuPools must be one or more pools with gpu: true, got gpu, executor: remove the pools without a GPU, or the device plugin if no pool has one",
    );
    expect(messageOf(() => release())).toContain("got no pool");
  });
});
