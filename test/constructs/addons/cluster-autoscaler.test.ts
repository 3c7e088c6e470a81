import { ClusterAutoscaler, type ClusterAutoscalerProps } from "../../../constructs/addons/cluster-autoscaler.ts";
import { dynamic } from "../../../constructs/pools/capacity.ts";
import { NodePool } from "../../../constructs/pools/node-pool.ts";
import { prod } from "../../../environments.ts";
import { testCluster } from "../../support/fixtures.ts";
import { messageOf, synthesize } from "../../support/synthesized.ts";
import { pool } from "../../support/workload.ts";

const pools = Object.keys(prod.nodePools).map(pool);
const props: ClusterAutoscalerProps = {
  cluster: testCluster,
  identity: { namespace: "kube-system", serviceAccount: "cluster-autoscaler" },
  nodePools: pools,
  runsOn: pool("general"),
};
const release = (changes: Partial<ClusterAutoscalerProps> = {}) =>
  synthesize((stack) => {
    new ClusterAutoscaler(stack, "autoscaler", { ...props, ...changes });
  }).one("helm_release");
const values = (changes: Partial<ClusterAutoscalerProps> = {}) => JSON.parse(release(changes).values[0]);

describe("the cluster autoscaler", () => {
  test("is one pinned release that either runs or was never there", () => {
    expect(release()).toMatchObject({
      name: "cluster-autoscaler",
      repository: "https://kubernetes.github.io/autoscaler",
      chart: "cluster-autoscaler",
      version: "9.59.0",
      namespace: "kube-system",
      atomic: true,
      cleanup_on_fail: true,
      wait: true,
      timeout: 600,
    });
  });

  test("finds its cluster's groups, with the identity it was given, on a pool that is always there", () => {
    expect(values()).toMatchObject({
      cloudProvider: "aws",
      awsRegion: "us-west-2",
      autoDiscovery: { clusterName: "test-platform" },
      rbac: { serviceAccount: { name: "cluster-autoscaler" } },
      nodeSelector: { "node-pool": "general" },
    });
  });

  test("on Kubernetes 1.35 runs v1.35.2, and never the chart's own image", () => {
    expect(values().image).toEqual({ tag: "v1.35.2" });
  });

  test("on another Kubernetes minor needs the image of a library user, and otherwise lists the minors it knows", () => {
    const cluster = { ...testCluster, kubernetesVersion: "1.36" };
    expect(values({ cluster, imageTag: "v1.36.1" }).image).toEqual({ tag: "v1.36.1" });
    expect(messageOf(() => release({ cluster }))).toBe(
      'cluster autoscaler has 1 problem:\n  - kubernetesVersion must be 1.35, got "1.36": use "1.35", or add the versions for this minor to kubernetesMinors',
    );
  });

  test("returns a node after five idle minutes, whatever of the system runs on it", () => {
    expect(values().extraArgs).toEqual({
      expander: "priority,least-waste",
      "balance-similar-node-groups": true,
      "balancing-ignore-label_1": "node-pool",
      "scale-down-unneeded-time": "5m",
      "skip-nodes-with-system-pods": false,
      "skip-nodes-with-local-storage": false,
    });
    expect(values({ scaleDownUnneededMinutes: 12 }).extraArgs["scale-down-unneeded-time"]).toBe("12m");
  });

  test.each([[0], [1.5], [-3]])("refuses %d idle minutes", (scaleDownUnneededMinutes) => {
    expect(messageOf(() => release({ scaleDownUnneededMinutes }))).toBe(
      `cluster autoscaler has 1 problem:\n  - scaleDownUnneededMinutes must be a whole number from 1, got ${scaleDownUnneededMinutes}: use for example 5`,
    );
  });

  test("buys spot before on-demand before anything else, each pool by the names EKS gives its groups", () => {
    const { expanderPriorities } = values();
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

  test("without spot pools has no empty priority", () => {
    expect(values({ nodePools: [pool("general")] }).expanderPriorities).toBe(
      "10:\n  - ^eks-general-[0-9a-f]{26}-\n1:\n  - .*",
    );
  });

  test("decides by waste alone where that is asked for", () => {
    const decided = values({ expander: "least-waste" });
    expect(decided.extraArgs.expander).toBe("least-waste");
    expect(decided).not.toHaveProperty("expanderPriorities");
  });

  test("is another pod when a pool is another, and the same one when nothing is", () => {
    const annotation = (changed: readonly NodePool[]) => values({ nodePools: changed }).podAnnotations;
    const general = { name: "general", instanceTypes: ["t3.large"], capacity: dynamic(2, 10) };
    const one = new NodePool(general);
    const other = new NodePool({ ...general, labels: { a: "b" } });
    expect(annotation([one])).toEqual(annotation([one]));
    expect(annotation([one])).not.toEqual(annotation([other]));
    expect(Object.keys(annotation([one]))).toEqual(["evaluation-platform/node-pools"]);
  });

  test("asks for what it needs, and for no right on its node", () => {
    expect(values()).toMatchObject({
      resources: { requests: { cpu: "100m", memory: "300Mi" }, limits: { memory: "600Mi" } },
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containerSecurityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
    });
  });
});
