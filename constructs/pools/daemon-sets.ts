/** A pod that every node of a pool has, and that takes room from the pods of jobs. */
export interface NodePod {
  /** Name of the DaemonSet in the namespace `kube-system`. */
  readonly name: string;
  /** CPU that each pod requests, in thousandths of a core: all of its containers together. */
  readonly cpuRequestMillis: number;
  /** Memory that each pod requests, in MiB: all of its containers together. */
  readonly memoryRequestMiB: number;
}

/** A DaemonSet of the platform: one pod on each of its nodes. */
export interface DaemonSet extends NodePod {
  /** The nodes that run one of its pods. */
  readonly runsOn: "every-node" | "gpu-nodes";
}

/** The DaemonSet of NVIDIA's device plugin, which this platform configures itself. */
export const nvidiaDevicePluginDaemonSet: DaemonSet = {
  name: "nvidia-device-plugin",
  runsOn: "gpu-nodes",
  cpuRequestMillis: 10,
  memoryRequestMiB: 64,
};

/**
 * All DaemonSets of the platform, with the requests of their charts.
 * @see https://github.com/aws/amazon-vpc-cni-k8s/blob/master/charts/aws-vpc-cni/values.yaml
 * @see https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/charts/aws-ebs-csi-driver/values.yaml
 */
export const daemonSets: readonly DaemonSet[] = [
  // The CNI and its network policy agent request 25m each.
  { name: "aws-node", runsOn: "every-node", cpuRequestMillis: 2 * 25, memoryRequestMiB: 0 },
  { name: "kube-proxy", runsOn: "every-node", cpuRequestMillis: 100, memoryRequestMiB: 0 },
  { name: "eks-pod-identity-agent", runsOn: "every-node", cpuRequestMillis: 0, memoryRequestMiB: 0 },
  // Three containers request 10m and 40Mi each.
  { name: "ebs-csi-node", runsOn: "every-node", cpuRequestMillis: 3 * 10, memoryRequestMiB: 3 * 40 },
  nvidiaDevicePluginDaemonSet,
];

/**
 * A pod of kube-proxy that no node runs. The autoscaler adds it to every node that it simulates for a group without nodes, and the pod
 * of the DaemonSet as well. For a pod that needs its room, the autoscaler buys no node.
 * @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/cloudprovider/utils.go `BuildKubeProxy`
 */
export const simulatedKubeProxy: NodePod = { name: "kube-proxy", cpuRequestMillis: 100, memoryRequestMiB: 0 };

/** All pods that the autoscaler sees on a node of a pool before the first pod of a job. */
export function podsOfEachNode({ gpu }: { readonly gpu: boolean }): NodePod[] {
  return [...daemonSets.filter(({ runsOn }) => gpu || runsOn === "every-node"), simulatedKubeProxy];
}
