import { AutoscalingGroupTagA } from "@cdktf/provider-aws/lib/autoscaling-group-tag";
import { EksNodeGroup } from "@cdktf/provider-aws/lib/eks-node-group";
import { LaunchTemplate } from "@cdktf/provider-aws/lib/launch-template";
import { type ITerraformDependable, TerraformVariable, Token } from "cdktf";
import { Construct } from "constructs";
import type { ICluster } from "../cluster/cluster.ts";
import { kubernetesMinors } from "../cluster/kubernetes-versions.ts";
import type { INetwork } from "../network/network.ts";
import { oneOf, show, throwIfAny } from "../support/problems.ts";
import { terraformTexts } from "../support/terraform-text.ts";
import { sizeConditions } from "./node-group-size.ts";
import type { NodePool } from "./node-pool.ts";
import type { NodeRole } from "./node-role.ts";

/** The nodes of a pool, and their place. */
export interface NodeGroupProps {
  /** The cluster that the nodes join. */
  readonly cluster: ICluster;
  /** The network whose private subnets hold the nodes. */
  readonly network: INetwork;
  /** The role of the nodes. */
  readonly nodeRole: Pick<NodeRole, "roleArn" | "dependables">;
  /** The kind of machine, and their number. */
  readonly pool: NodePool;
  /**
   * Tags of the instances, their volumes and network interfaces. EKS passes neither its own tags nor the provider's
   * default tags on to them, and untagged machines are missing from every cost report.
   */
  readonly instanceTags: Readonly<Record<string, string>>;
  /**
   * Release of the nodes' image, for example `1.35.8-20260930`. Another one replaces all nodes, a third at a time.
   * @default - the `nodeReleaseVersion` of `kubernetesMinors` for the cluster's minor, or EKS's newest where that lacks the minor
   */
  readonly releaseVersion?: string | undefined;
  /** Resources that must exist before the first node and outlive the last one, such as `NodeAddons.dependables`. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** The machines of one pool: a managed node group, its launch template, and its tags for the autoscaler. */
export class NodeGroup extends Construct {
  /** The underlying `aws_eks_node_group`, for settings without an option here. */
  readonly resource: EksNodeGroup;
  /** The underlying `aws_launch_template`, for settings without an option here. */
  readonly launchTemplate: LaunchTemplate;
  /** The kind of machine, and their number. */
  readonly pool: NodePool;
  /** The node group. Resources that need its nodes depend on it. */
  readonly dependables: readonly ITerraformDependable[];

  /** @throws InvalidConfigurationError for a pool with a zone that the network lacks. */
  constructor(scope: Construct, id: string, props: NodeGroupProps) {
    super(scope, id);
    const { cluster, network, nodeRole, pool } = props;
    const { releaseVersion = kubernetesMinors[cluster.kubernetesVersion]?.nodeReleaseVersion } = props;
    this.pool = pool;
    this.launchTemplate = this.createLaunchTemplate(props);
    const nodeGroup = new EksNodeGroup(this, "node-group", {
      clusterName: cluster.clusterName,
      // A prefix: many changes replace a group, and the new one must exist before the old one goes. A fixed name would end in
      // "NodeGroup already exists" (aws-cdk#26931, pulumi-eks#799).
      nodeGroupNamePrefix: `${pool.name}-`,
      nodeRoleArn: nodeRole.roleArn,
      subnetIds: subnetIds(network, pool, cluster),
      version: cluster.kubernetesVersion,
      ...(releaseVersion !== undefined && { releaseVersion }),
      amiType: pool.amiType,
      capacityType: pool.capacityType,
      instanceTypes: [...pool.instanceTypes],
      // The number and not $Latest, which differs in every plan (terraform-aws-eks#1446).
      launchTemplate: { id: this.launchTemplate.id, version: Token.asString(this.launchTemplate.latestVersion) },
      labels: { ...pool.labels },
      taint: pool.eksTaints,
      // A node's resources, as below on the auto scaling group: these are there as soon as the group is.
      tags: resourceTags(pool),
      scalingConfig: { minSize: pool.capacity.min, desiredSize: this.initialSize(pool), maxSize: pool.capacity.max },
      // A third at a time: new machines come up before old ones are drained, and an update ends within the hour. A pod has 15 minutes to
      // leave, workers need 100 s of them, and a pod that stays fails the update: `forceUpdateVersion` would end it instead.
      updateConfig: { maxUnavailablePercentage: 33 },
      // Replaces nodes whose kubelet no longer answers.
      nodeRepairConfig: { enabled: true },
      lifecycle: {
        createBeforeDestroy: true,
        // The autoscaler decides the size after creation (terraform-aws-eks#944). EKS then refuses a `min` above the present
        // size until `aws eks update-nodegroup-config --scaling-config desiredSize=...` (provider-aws#18310). The size of a
        // fixed pool is given, so it keeps all three numbers together.
        ...(pool.capacity.mode !== "fixed" && {
          ignoreChanges: ["scaling_config[0].desired_size"],
          postcondition: sizeConditions(pool.name, pool.capacity, cluster.region),
        }),
      },
      dependsOn: [
        // Without its permissions, a node could neither return its network interfaces nor leave the cluster.
        ...nodeRole.dependables,
        // Pods that are drained still pull images, report, and hand over their work.
        ...network.dependables,
        // The caller states the reason for each of these.
        ...props.dependsOn,
      ],
    });
    this.resource = nodeGroup;
    this.dependables = [nodeGroup];
    this.tagForAutoscaler(nodeGroup);
  }

  /**
   * The number of nodes with which the group begins: the minimum. `npm run deploy` gives another value when it replaces a group, since
   * Terraform then ignores no change and cannot read the old group's size.
   */
  private initialSize({ name, capacity }: NodePool): number {
    if (capacity.mode === "fixed") return capacity.min;
    const variable = new TerraformVariable(this, "initial-size", {
      type: "number",
      default: capacity.min,
      nullable: false,
      description: `Nodes with which a new group of the pool ${name} begins`,
    });
    return variable.numberValue;
  }

  private createLaunchTemplate({ pool, cluster, instanceTags }: NodeGroupProps): LaunchTemplate {
    const tags = { Name: `${cluster.clusterName}-${pool.name}`, ...terraformTexts(instanceTags) };
    return new LaunchTemplate(this, "launch-template", {
      namePrefix: `${pool.name}-`,
      description: `Nodes of the ${pool.name} pool`,
      updateDefaultVersion: true,
      metadataOptions: {
        httpEndpoint: "enabled",
        // IMDSv2 only, and its answers travel one hop, so that pods cannot take the node's role.
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
   * group's own tags do not reach it (containers-roadmap#608, #1541). Each tag is a static resource, because its key is known at
   * synth; `for_each` over a group's name would be unknown (terraform-aws-eks#2597).
   *
   * When a group is replaced, its tags are deleted after the new group has its own, and the old group after its tags. Otherwise all
   * tags were deleted first, and after a deploy that failed then, the old group would never grow from zero again.
   */
  private tagForAutoscaler(nodeGroup: EksNodeGroup): void {
    const autoscalingGroupName = nodeGroup.resources.get(0).autoscalingGroups.get(0).name;
    for (const [key, value] of Object.entries(this.pool.autoscalerTags)) {
      const name = key.slice(key.indexOf("node-template/") + "node-template/".length);
      new AutoscalingGroupTagA(this, tagId(name), {
        autoscalingGroupName,
        // Do not propagate to instances: they already have these labels, and an instance can have 50 tags at most.
        tag: { key, value, propagateAtLaunch: false },
        lifecycle: { createBeforeDestroy: true },
      });
    }
  }
}

/** Signs of a key that a construct's id shows as a hyphen. cdktf leaves them out of a Terraform address, and counts them in its hash. */
const idSigns: Readonly<Record<string, string>> = { "/": "-:", ".": "-.", _: "-~" };

/** A construct's id for a tag, another one for each: the labels `a.b`, `a_b` and `a-b` are three tags. */
function tagId(name: string): string {
  return `tag-${name.replace("/", "-").replace(/[/._]/g, (sign) => idSigns[sign] ?? sign)}`;
}

/** Never all subnets of the network: another subnet replaces a group, and a zone that the network gets later would add one. */
function subnetIds(network: INetwork, pool: NodePool, cluster: ICluster): string[] {
  const zones = Object.keys(network.privateSubnetIds);
  const wanted = pool.availabilityZones ?? cluster.availabilityZones;
  throwIfAny(
    `node group ${show(pool.name)}`,
    wanted.flatMap((zone, index) => {
      if (zones.includes(zone)) return [];
      const fix = "use one of these, or add a subnet in this zone to the network";
      return [{ path: ["availabilityZones", index], allowed: oneOf(zones), got: show(zone), fix }];
    }),
  );
  return wanted.flatMap((zone) => network.privateSubnetIds[zone] ?? []);
}

/** The autoscaler reads resources from a node group's own tags, too, and labels and taints from the node group itself. */
function resourceTags({ autoscalerTags }: NodePool): Record<string, string> {
  return Object.fromEntries(
    Object.entries(autoscalerTags).filter(([key]) => key.includes("/node-template/resources/")),
  );
}
