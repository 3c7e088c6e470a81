import type { TerraformStack } from "cdktf";
import { ClusterAutoscaler } from "../../../constructs/addons/cluster-autoscaler.ts";
import { NvidiaDevicePlugin } from "../../../constructs/addons/nvidia-device-plugin.ts";
import { dynamic, fromZero } from "../../../constructs/pools/capacity.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import type { NodePoolProps } from "../../../constructs/pools/node-pool-options.ts";
import { testCluster } from "../../support/fixtures.ts";
import { synthesize } from "../../support/synthesized.ts";

const general = (changes: Partial<NodePoolProps> = {}) =>
  new NodePool({ name: "general", instanceTypes: ["t3.large"], capacity: dynamic(2, 10), ...changes });
const gpu = (name: string, taints: NodePoolProps["taints"]) =>
  new NodePool({ name, instanceTypes: ["g4dn.xlarge"], capacity: fromZero(5), gpu: true, taints });

/** A release, with its values parsed. */
function release(build: (stack: TerraformStack) => void) {
  const { values, ...made } = synthesize(build).one("helm_release");
  return { made, values: JSON.parse(values[0]) };
}

const autoscaler = (...nodePools: NodePool[]) =>
  release((stack) => {
    new ClusterAutoscaler(stack, "autoscaler", {
      cluster: testCluster,
      identity: { namespace: "kube-system", serviceAccount: "cluster-autoscaler" },
      nodePools,
      runsOn: general(),
    });
  });
const devicePlugin = (...gpuPools: NodePool[]) =>
  release((stack) => {
    new NvidiaDevicePlugin(stack, "plugin", { gpuPools });
  });

/** A failed release is taken back, and Helm keeps three revisions. */
const helm = { atomic: true, cleanup_on_fail: true, wait: true, timeout: 600, max_history: 3 };

describe("the cluster autoscaler", () => {
  test("is one release in one version, with three revisions of history", () => {
    expect(autoscaler(general()).made).toEqual({
      ...helm,
      name: "cluster-autoscaler",
      repository: "https://kubernetes.github.io/autoscaler",
      chart: "cluster-autoscaler",
      version: "9.59.0",
      namespace: "kube-system",
    });
  });

  test("has these values and no others", () => {
    expect(autoscaler(general()).values).toEqual({
      cloudProvider: "aws",
      awsRegion: "us-west-2",
      autoDiscovery: { clusterName: "test-platform" },
      image: { tag: "v1.35.2" },
      rbac: { serviceAccount: { name: "cluster-autoscaler" } },
      extraArgs: {
        expander: "priority,least-waste",
        "balance-similar-node-groups": true,
        "balancing-ignore-label_1": "node-pool",
        "scale-down-unneeded-time": "5m",
        "skip-nodes-with-system-pods": false,
        "skip-nodes-with-local-storage": false,
      },
      expanderPriorities: "10:\n  - ^eks-general-[0-9a-f]{26}-\n1:\n  - .*",
      nodeSelector: { "node-pool": "general" },
      podAnnotations: { "evaluation-platform/node-pools": expect.stringMatching(/^[0-9a-f]{16}$/) },
      resources: { requests: { cpu: "100m", memory: "300Mi" }, limits: { memory: "600Mi" } },
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65534,
        runAsGroup: 65534,
        fsGroup: 65534,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containerSecurityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
    });
  });

  test.each<[string, NodePool]>([
    ["type", general({ instanceTypes: ["t3a.large"] })],
    ["label", general({ labels: { tier: "web" } })],
    ["taint", general({ taints: [{ key: "tier", effect: "NoSchedule" }] })],
    ["volume", general({ volumeSizeGiB: 60 })],
    ["name", general({ name: "other" })],
  ])("starts again when a pool has another %s, since it remembers what nodes were like", (_, changed) => {
    const annotations = (pool: NodePool) => autoscaler(pool).values.podAnnotations;
    expect(annotations(changed)).not.toEqual(annotations(general()));
  });

  test("keeps running when only the number of nodes changes", () => {
    const annotations = (pool: NodePool) => autoscaler(pool).values.podAnnotations;
    expect(annotations(general({ capacity: dynamic(1, 20) }))).toEqual(annotations(general()));
  });
});

describe("the NVIDIA device plugin", () => {
  const nvidia = { key: "nvidia.com/gpu", value: "true" };

  test("is one release in one version, with three revisions of history", () => {
    expect(devicePlugin(gpu("gpu", [])).made).toEqual({
      ...helm,
      name: "nvidia-device-plugin",
      repository: "https://nvidia.github.io/k8s-device-plugin",
      chart: "nvidia-device-plugin",
      version: "0.20.0",
      namespace: "kube-system",
    });
  });

  test("has these values and no others", () => {
    expect(devicePlugin(gpu("gpu", [{ ...nvidia, effect: "NoSchedule" }])).values).toEqual({
      nodeSelector: { "nvidia.com/gpu.present": "true" },
      tolerations: [
        { key: "CriticalAddonsOnly", operator: "Exists" },
        { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" },
      ],
      resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    });
  });

  test("tolerates a taint with the chart's key and another effect, and one with the chart's effect and another key", () => {
    const pools = [
      gpu("one", [{ ...nvidia, effect: "NoExecute" }]),
      gpu("two", [{ key: "team", value: "vision", effect: "NoSchedule" }]),
    ];
    expect(devicePlugin(...pools).values.tolerations.slice(2)).toEqual([
      { ...nvidia, operator: "Equal", effect: "NoExecute" },
      { key: "team", operator: "Equal", value: "vision", effect: "NoSchedule" },
    ]);
  });

  test("is refused without a GPU pool, and for a GPU pool beside one without", () => {
    expect(() => devicePlugin()).toThrow(/^NVIDIA device plugin has 1 problem:\n {2}- gpuPools .*no pool/);
    expect(() => devicePlugin(gpu("gpu", []), general())).toThrow(
      /^NVIDIA device plugin has 1 problem:\n {2}- gpuPools .*gpu, general/,
    );
  });
});
