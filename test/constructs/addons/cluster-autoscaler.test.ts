import { ClusterAutoscaler, type ClusterAutoscalerProps } from "../../../constructs/addons/cluster-autoscaler.ts";
import { dynamic } from "../../../constructs/pools/capacity.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import type { NodePoolProps } from "../../../constructs/pools/node-pool-options.ts";
import { prod } from "../../../environments.ts";
import { testCluster } from "../../support/fixtures.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";
import { pool } from "../../support/workload.ts";

const general = (changes: Partial<NodePoolProps> = {}) =>
  new NodePool({ name: "general", instanceTypes: ["t3.large"], capacity: dynamic(2, 10), ...changes });
const props: ClusterAutoscalerProps = {
  cluster: testCluster,
  identity: { namespace: "kube-system", serviceAccount: "cluster-autoscaler" },
  nodePools: [general()],
  runsOn: general(),
};
const release = (changes: Partial<ClusterAutoscalerProps> = {}) =>
  synthesize((stack) => {
    new ClusterAutoscaler(stack, "autoscaler", { ...props, ...changes });
  }).one("helm_release");
const values = (changes: Partial<ClusterAutoscalerProps> = {}) => JSON.parse(release(changes).values[0]);

describe("the cluster autoscaler", () => {
  test("is one release in one version, rolled back when it fails, with three revisions of history", () => {
    const { values: _, ...made } = release();
    expect(made).toEqual({
      name: "cluster-autoscaler",
      repository: "https://kubernetes.github.io/autoscaler",
      chart: "cluster-autoscaler",
      version: "9.59.0",
      namespace: "kube-system",
      atomic: true,
      cleanup_on_fail: true,
      wait: true,
      timeout: 600,
      max_history: 3,
    });
  });

  test("has these values and no others", () => {
    expect(values()).toEqual({
      cloudProvider: "aws",
      awsRegion: "us-west-2",
      autoDiscovery: { clusterName: "test-platform" },
      // Never the chart's own image.
      image: { tag: "v1.35.2" },
      rbac: { serviceAccount: { name: "cluster-autoscaler" } },
      extraArgs: {
        expander: "priority,least-waste",
        "balance-similar-node-groups": true,
        "balancing-label": "node-pool-kind",
        "scan-interval": "5s",
        "scale-down-unneeded-time": "5m",
        "scale-down-delay-after-add": "0s",
        "unremovable-node-recheck-timeout": "30s",
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

  test("uses the image of its cluster's Kubernetes minor, or that of a library user", () => {
    const image = (kubernetesVersion: string, imageTag?: string) =>
      values({ cluster: { ...testCluster, kubernetesVersion }, imageTag }).image;
    expect(image("1.34")).toEqual({ tag: "v1.34.5" });
    expect(image("1.34", "v1.34.9")).toEqual({ tag: "v1.34.9" });
    expect(image("1.37", "v1.37.0")).toEqual({ tag: "v1.37.0" });
    expect(messageOf(() => image("1.37"))).toBe(
      "cluster autoscaler has 1 problem:\n  - imageTag must be given, since kubernetesMinors has no Kubernetes 1.37, got nothing: use the tag of a release with the same minor (https://github.com/kubernetes/autoscaler/releases)",
    );
  });

  test("returns a node after as many idle minutes as it is given, at least one", () => {
    const extraArgs = (scaleDownUnneededMinutes: number) => values({ scaleDownUnneededMinutes }).extraArgs;
    expect(extraArgs(1)).toMatchObject({ "scale-down-unneeded-time": "1m" });
    expect(extraArgs(12)).toMatchObject({ "scale-down-unneeded-time": "12m" });
  });

  test.each([[0], [1.5], [-3]])("refuses %d idle minutes", (scaleDownUnneededMinutes) => {
    expect(messageOf(() => release({ scaleDownUnneededMinutes }))).toBe(
      `cluster autoscaler has 1 problem:\n  - scaleDownUnneededMinutes must be a whole number from 1, got ${scaleDownUnneededMinutes}: use for example 5`,
    );
  });

  test("buys spot before on-demand before anything else, each pool by the names EKS gives its groups", () => {
    const { expanderPriorities } = values({ nodePools: Object.keys(prod.nodePools).map(pool) });
    const lines: string[] = expanderPriorities.split("\n");
    expect(lines.filter((line) => line.endsWith(":"))).toEqual(["20:", "10:", "1:"]);
    expect(lines.at(-1)).toBe("  - .*");
    const priorityOf = (group: string) => {
      let priority = "";
      for (const line of lines) {
        if (line.endsWith(":")) priority = line.slice(0, -1);
        else if (new RegExp(line.replace("  - ", "")).test(group)) return Number(priority);
      }
      return undefined;
    };
    const suffix = "20261121024500123400000001-12345678-9abc-def0-1234-56789abcdef0";
    expect(priorityOf(`eks-executor-${suffix}`)).toBe(20);
    expect(priorityOf(`eks-executor-small-${suffix}`)).toBe(20);
    expect(priorityOf(`eks-general-${suffix}`)).toBe(10);
    expect(priorityOf(`eks-gpu-${suffix}`)).toBe(10);
    expect(priorityOf("made-by-hand")).toBe(1);
    // The pool executor does not swallow the pool executor-small.
    expect(lines.filter((line) => new RegExp(line.replace("  - ", "")).test(`eks-executor-small-${suffix}`))).toEqual([
      "  - ^eks-executor-small-[0-9a-f]{26}-",
      "  - .*",
    ]);
  });

  test("decides by waste alone where a library user wants it", () => {
    const decided = values({ expander: "least-waste" });
    expect(decided.extraArgs.expander).toBe("least-waste");
    expect(decided).not.toHaveProperty("expanderPriorities");
  });

  const annotations = (changed: NodePool) => values({ nodePools: [changed] }).podAnnotations;

  test.each<[string, NodePool]>([
    ["type", general({ instanceTypes: ["t3a.large"] })],
    ["label", general({ labels: { tier: "web" } })],
    ["taint", general({ taints: [{ key: "tier", effect: "NoSchedule" }] })],
    ["volume", general({ volumeSizeGiB: 60 })],
    ["name", general({ name: "other" })],
  ])("starts again when a pool has another %s, since it remembers what nodes were like", (_, changed) => {
    expect(annotations(changed)).not.toEqual(annotations(general()));
  });

  test("keeps running when only the number of nodes changes", () => {
    expect(annotations(general({ capacity: dynamic(1, 20) }))).toEqual(annotations(general()));
  });
});
