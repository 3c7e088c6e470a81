import { daemonSets } from "../../../constructs/pools/daemon-sets.ts";
import type { ResourceJson, Synthesized } from "../../support/synthesized.ts";
import type { KubernetesObject } from "./kubernetes-api.ts";

const template = "k8s.io/cluster-autoscaler/node-template/resources/";
const effects: Readonly<Record<string, string>> = {
  NO_SCHEDULE: "NoSchedule",
  PREFER_NO_SCHEDULE: "PreferNoSchedule",
  NO_EXECUTE: "NoExecute",
};

/**
 * A node of a pool as it joins the cluster, from the synthesized platform stack: labels and taints from the node group, and the
 * resources for pods from the tags that tell them to the autoscaler.
 */
export function nodeOf(platform: Synthesized, pool: string, name: string): KubernetesObject {
  const groups: ResourceJson[] = platform.all("aws_eks_node_group");
  const group = groups.find(({ labels }) => labels["node-pool"] === pool);
  if (group === undefined) throw new Error(`there is no node group of ${pool}`);
  const address = platform.address("aws_eks_node_group", `pool-${pool}_node-group`);
  const tags: ResourceJson[] = platform.all("aws_autoscaling_group_tag");
  const resources = tags
    .filter(({ autoscaling_group_name }) => autoscaling_group_name.startsWith(`\${${address}.`))
    .map(({ tag }) => tag)
    .filter(({ key }) => key.startsWith(template))
    .map(({ key, value }) => [key.slice(template.length), value] as const);
  const allocatable = Object.fromEntries(resources);
  const untold = ["cpu", "memory", "ephemeral-storage", "pods"].filter((resource) => !(resource in allocatable));
  if (untold.length > 0) throw new Error(`no tag says how much ${untold.join(", ")} a node of ${pool} has`);
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      annotations: { "kwok.x-k8s.io/node": "fake" },
      labels: {
        ...group.labels,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": group.ami_type.includes("ARM") ? "arm64" : "amd64",
        "topology.kubernetes.io/zone": "us-west-2a",
        "node.kubernetes.io/instance-type": group.instance_types[0],
      },
    },
    spec: { taints: (group.taint ?? []).map(taintOf) },
    status: { capacity: allocatable, allocatable },
  };
}

/** A node of a pool for a kubelet: kwok acts for those with its annotation. */
export function machineOf(platform: Synthesized, pool: string, name = pool): KubernetesObject {
  const { metadata, ...node } = nodeOf(platform, pool, name);
  const { annotations: _, ...ours } = metadata;
  return { ...node, metadata: ours };
}

function taintOf({ key, value, effect }: ResourceJson): KubernetesObject {
  const known = effects[effect];
  if (known === undefined) throw new Error(`EKS has no effect ${effect}`);
  return { key, value, effect: known };
}

/** The DaemonSets of the platform, with the requests that the product assumes for them. */
export function daemonSetManifests(): KubernetesObject[] {
  return daemonSets.map(({ name, runsOn, cpuRequestMillis, memoryRequestMiB }) => {
    const labels = { "daemon-set": name };
    const requests = { cpu: `${cpuRequestMillis}m`, memory: `${memoryRequestMiB}Mi` };
    return {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name, namespace: "kube-system" },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            priorityClassName: "system-node-critical",
            tolerations: [{ operator: "Exists" }],
            ...(runsOn === "gpu-nodes" && { nodeSelector: { "nvidia.com/gpu.present": "true" } }),
            containers: [{ name, image: "none", resources: { requests } }],
          },
        },
      },
    };
  });
}
