import { fromZero } from "../../../constructs/pools/capacity.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import type { NodePoolProps } from "../../../constructs/pools/node-pool-options.ts";
import { executorsOfSize, type NodeTarget, roomForPods } from "../../../constructs/pools/node-target.ts";

const pool = (name: string, props: Partial<NodePoolProps> = {}) =>
  new NodePool({ name, instanceTypes: ["c5.2xlarge"], capacity: fromZero(5), ...props });
const toleration = (key: string) => ({ key, operator: "Equal", value: "true", effect: "NoSchedule" });
const taint = (key: string) => ({ key, value: "true", effect: "NoSchedule" as const });

describe("the pools of an executor size", () => {
  const labels = { "executor-size": "large" };
  const target = (...pools: NodePool[]) => executorsOfSize(pools, "large");

  test("are a target only where there is one", () => {
    expect(target()).toBeUndefined();
    expect(target(pool("other"), pool("small", { labels: { "executor-size": "small" } }))).toBeUndefined();
  });

  test("are selected by the size, and offer what the least of their nodes has", () => {
    const one = pool("one", { labels, volumeSizeGiB: 20, taints: [taint("a"), taint("b")] });
    const two = pool("two", {
      labels,
      instanceTypes: ["m5.xlarge"],
      volumeSizeGiB: 100,
      taints: [taint("b"), taint("c")],
    });
    expect(target(pool("other"), one, two)).toEqual({
      name: "one or two",
      nodeSelector: { "executor-size": "large" },
      tolerations: [toleration("a"), toleration("b"), toleration("c")],
      allocatable: { cpuMillis: 3920, memoryMiB: 14244, ephemeralStorageMiB: 17223, gpus: 0, pods: 58 },
      largestCpuMillis: 7910,
      instanceTypes: ["c5.2xlarge", "m5.xlarge"],
      capacity: { max: 10 },
      gpu: false,
    });
  });

  const gpu = { labels, instanceTypes: ["g4dn.xlarge"], gpu: true };
  test.each([
    ["every pool has one", [pool("one", gpu), pool("two", gpu)], true],
    ["one of two has one", [pool("one", gpu), pool("two", { labels })], false],
    ["no pool has one", [pool("one", { labels }), pool("two", { labels })], false],
  ])("offer a GPU where %s: %#", (_, pools, expected) => {
    expect(target(...pools)?.gpu).toBe(expected);
    expect(target(...pools)?.allocatable.gpus).toBe(expected ? 1 : 0);
  });

  test("have room for as many pods as the pool with the fewest addresses", () => {
    const few = pool("few", { labels, instanceTypes: ["c5.large"] });
    expect(target(few, pool("many", { labels }))?.allocatable.pods).toBe(29);
  });
});

describe("the room for pods of jobs", () => {
  const allocatable = { cpuMillis: 8000, memoryMiB: 16_000, ephemeralStorageMiB: 50_000, gpus: 1, pods: 58 };
  const of = { nodeSelector: {}, tolerations: [], instanceTypes: ["c5.2xlarge"], capacity: { max: 1 } };
  const target: NodeTarget = { name: "pool", ...of, allocatable, gpu: false };

  test("is without the DaemonSets of the add-ons: four pods that request 180m and 120 MiB, and 100m of a kube-proxy that only the autoscaler sees", () => {
    expect(roomForPods(target)).toEqual({
      cpuMillis: 7720,
      memoryMiB: 15_880,
      ephemeralStorageMiB: 50_000,
      gpus: 1,
      pods: 53,
    });
  });

  test("is less by one pod, 10m and 64 MiB where the NVIDIA device plugin runs", () => {
    expect(roomForPods({ ...target, gpu: true })).toMatchObject({ cpuMillis: 7710, memoryMiB: 15_816, pods: 52 });
  });
});
