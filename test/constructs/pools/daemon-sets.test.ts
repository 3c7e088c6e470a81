import { daemonSets, podsOfEachNode } from "../../../constructs/pools/daemon-sets.ts";

test("the DaemonSets of the platform have these places and requests, by their charts", () => {
  expect(
    daemonSets.map(
      ({ name, runsOn, cpuRequestMillis, memoryRequestMiB }) =>
        `${name} on ${runsOn}: ${cpuRequestMillis}m, ${memoryRequestMiB}Mi`,
    ),
  ).toEqual([
    "aws-node on every-node: 50m, 0Mi",
    "kube-proxy on every-node: 100m, 0Mi",
    "eks-pod-identity-agent on every-node: 0m, 0Mi",
    "ebs-csi-node on every-node: 30m, 120Mi",
    "nvidia-device-plugin on gpu-nodes: 10m, 64Mi",
  ]);
});

test("the autoscaler sees a pod of each DaemonSet, and kube-proxy's twice", () => {
  const names = (gpu: boolean) => podsOfEachNode({ gpu }).map(({ name }) => name);
  const everywhere = ["aws-node", "kube-proxy", "eks-pod-identity-agent", "ebs-csi-node"];
  expect(names(false)).toEqual([...everywhere, "kube-proxy"]);
  expect(names(true)).toEqual([...everywhere, "nvidia-device-plugin", "kube-proxy"]);
});
