import { daemonSets } from "../../../constructs/pools/daemon-sets.ts";
import { roomForPods } from "../../../constructs/pools/node-target.ts";
import { pool } from "../../support/workload.ts";

describe("the room for pods of jobs", () => {
  test("is allocatable without four DaemonSets", () => {
    expect(pool("executor").allocatable).toMatchObject({ cpuMillis: 7910, memoryMiB: 14244, pods: 58 });
    expect(roomForPods(pool("executor"))).toMatchObject({
      cpuMillis: 7910 - (2 * 25 + 100 + 3 * 10),
      memoryMiB: 14244 - 3 * 40,
      pods: 58 - 4,
    });
  });

  test("on a GPU node is also without NVIDIA's device plugin", () => {
    const { allocatable } = pool("gpu");
    const room = roomForPods(pool("gpu"));
    expect(allocatable.cpuMillis - room.cpuMillis).toBe(180 + 10);
    expect(allocatable.memoryMiB - room.memoryMiB).toBe(120 + 64);
    expect(allocatable.pods - room.pods).toBe(5);
    expect(room.gpus).toBe(1);
  });
});

test("each DaemonSet has one name and a place", () => {
  expect(daemonSets.map(({ name, runsOn }) => `${name} on ${runsOn}`)).toEqual([
    "aws-node on every-node",
    "kube-proxy on every-node",
    "eks-pod-identity-agent on every-node",
    "ebs-csi-node on every-node",
    "nvidia-device-plugin on gpu-nodes",
  ]);
});
