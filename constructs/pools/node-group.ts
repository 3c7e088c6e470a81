import { AutoscalingGroupTagA } from "@cdktf/provider-aws/lib/autoscaling-group-tag";
import { EksNodeGroup } from "@cdktf/provider-aws/lib/eks-node-group";
import { LaunchTemplate } from "@cdktf/provider-aws/lib/launch-template";
import { type ITerraformDependable, Token } from "cdktf";
import { Construct } from "constructs";
import type { ICluster } from "../cluster/cluster.ts";
import type { INetwork } from "../network/network.ts";
import { oneOf, show, throwIfAny } from "../support/problems.ts";
import type { NodePool } from "./node-pool.ts";
import type { NodeRole } from "./node-role.ts";

export interface NodeGroupProps {
  readonly cluster: ICluster;
  readonly network: INetwork;
  readonly nodeRole: NodeRole;
  readonly pool: NodePool;
  /**
   * Tags of the instances, their volumes and network interfaces. EKS passes neither its own tags nor the provider's
   * default tags on to them, and untagged machines are missing from every cost report.
   */
  readonly instanceTags: Readonly<Record<string, string>>;
  /** What else must be there before the first node and outlive the last one, such as `ClusterAddons.beforeNodes`. */
  readonly prerequisites: readonly ITerraformDependable[];
}

/** The machines of one pool: a managed node group, its launch template, and what the autoscaler must know about it. */
export class NodeGroup extends Construct {
  readonly pool: NodePool;
  /** What depends on these nodes being there. */
  readonly dependable: ITerraformDependable;

  /** @throws InvalidConfigurationError when the pool names a zone the network lacks. */
  constructor(scope: Construct, id: string, props: NodeGroupProps) {
    super(scope, id);
    const { cluster, network, nodeRole, pool } = props;
    this.pool = pool;
    const launchTemplate = this.launchTemplate(props);
    const nodeGroup = new EksNodeGroup(this, "node-group", {
      clusterName: cluster.clusterName,
      // A prefix, since many changes replace a group and the new one must exist before the old one goes; with a fixed
      // name that ends in "NodeGroup already exists" (aws-cdk#26931, pulumi-eks#799).
      nodeGroupNamePrefix: `${pool.name}-`,
      nodeRoleArn: nodeRole.roleArn,
      subnetIds: subnetIds(network, pool),
      version: cluster.kubernetesVersion,
      amiType: pool.amiType,
      capacityType: pool.capacityType,
      instanceTypes: [...pool.instanceTypes],
      // The number and not $Latest, which is a difference in every plan (terraform-aws-eks#1446).
      launchTemplate: { id: launchTemplate.id, version: Token.asString(launchTemplate.latestVersion) },
      labels: { ...pool.labels },
      taint: pool.eksTaints,
      scalingConfig: { minSize: pool.capacity.min, desiredSize: pool.capacity.min, maxSize: pool.capacity.max },
      // A third at a time: new machines come up before old ones are drained, and an update ends within the hour.
      updateConfig: { maxUnavailablePercentage: 33 },
      // Replaces nodes whose kubelet has gone silent.
      nodeRepairConfig: { enabled: true },
      lifecycle: {
        createBeforeDestroy: true,
        // The autoscaler's to decide after creation (terraform-aws-eks#944). Raising `min` above the present size is then
        // refused by EKS until `aws eks update-nodegroup-config --scaling-config desiredSize=...` (provider-aws#18310).
        // A fixed pool has nothing to decide, and keeps all three numbers together.
        ...(pool.capacity.mode !== "fixed" && { ignoreChanges: ["scaling_config[0].desired_size"] }),
      },
      dependsOn: [
        // Taken away first, the node could neither return its network interfaces nor leave the cluster.
        ...nodeRole.permissions,
        // Pods being drained still pull, report and hand over their work.
        ...network.nodeEgress,
        // The caller says why each of these is needed.
        ...props.prerequisites,
      ],
    });
    this.dependable = nodeGroup;
    this.tagForAutoscaler(nodeGroup);
  }

  private launchTemplate({ pool, cluster, instanceTags }: NodeGroupProps): LaunchTemplate {
    const tags = { Name: `${cluster.clusterName}-${pool.name}`, ...instanceTags };
    return new LaunchTemplate(this, "launch-template", {
      namePrefix: `${pool.name}-`,
      description: `Nodes of the ${pool.name} pool`,
      updateDefaultVersion: true,
      metadataOptions: {
        httpEndpoint: "enabled",
        // IMDSv2 only, and its answers travel one hop: pods cannot take the node's role.
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
      },
      blockDeviceMappings: [
        {
          deviceName: "/dev/xvda",
          ebs: {
            volumeType: "gp3",
            volumeSize: pool.volumeSizeGiB,
            encrypted: "true",
            deleteOnTermination: "true",
          },
        },
      ],
      tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({ resourceType, tags })),
      tags,
      lifecycle: { createBeforeDestroy: true },
    });
  }

  /**
   * EKS puts its discovery tags on the auto scaling group, but neither labels nor taints nor resources, and a node
   * group's own tags do not reach it (containers-roadmap#608, #1541). One static resource for each: the keys are known
   * at synth, which `for_each` over a group's name cannot say (terraform-aws-eks#2597).
   */
  private tagForAutoscaler(nodeGroup: EksNodeGroup): void {
    const autoscalingGroupName = nodeGroup.resources.get(0).autoscalingGroups.get(0).name;
    for (const [key, value] of Object.entries(this.pool.autoscalerTags)) {
      const name = key.slice(key.indexOf("node-template/") + "node-template/".length);
      new AutoscalingGroupTagA(this, `tag-${name.replace(/[^A-Za-z0-9-]+/g, "-")}`, {
        autoscalingGroupName,
        // Instances carry their real labels; a copy on each would only use up their fifty tags.
        tag: { key, value, propagateAtLaunch: false },
      });
    }
  }
}

function subnetIds(network: INetwork, pool: NodePool): string[] {
  const zones = Object.keys(network.privateSubnetIds);
  const wanted = pool.availabilityZones ?? zones;
  throwIfAny(
    `node group ${show(pool.name)}`,
    wanted.flatMap((zone, index) =>
      zones.includes(zone)
        ? []
        : [
            {
              path: ["availabilityZones", index],
              what: "is a zone without a subnet",
              got: show(zone),
              allowed: oneOf(zones),
              fix: "name one of these, or add the zone to the network",
            },
          ],
    ),
  );
  return wanted.flatMap((zone) => network.privateSubnetIds[zone] ?? []);
}
