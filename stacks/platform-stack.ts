import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { clusterAutoscalerPolicy } from "../constructs/addons/cluster-autoscaler-policy.ts";
import { Cluster } from "../constructs/cluster/cluster.ts";
import { principalName } from "../constructs/cluster/cluster-access.ts";
import { ClusterAddons } from "../constructs/cluster/cluster-addons.ts";
import { addonVersionsOf } from "../constructs/cluster/kubernetes-versions.ts";
import { PodIdentityRole } from "../constructs/cluster/pod-identity-role.ts";
import { existingNetwork, type INetwork, Network } from "../constructs/network/network.ts";
import { NodeGroup } from "../constructs/pools/node-group.ts";
import { NodePool } from "../constructs/pools/node-pool.ts";
import { NodeRole } from "../constructs/pools/node-role.ts";
import { BudgetAlarm } from "../constructs/storage/budget-alarm.ts";
import { ContainerRegistry } from "../constructs/storage/container-registry.ts";
import { ResultsBucket } from "../constructs/storage/results-bucket.ts";
import type { Environment } from "./configuration/schema.ts";
import { configureState } from "./state-backend.ts";

/** The lowest AWS provider with everything the stack uses; the bindings are generated from 6.25. */
const lowestAwsProvider = "5.100.0";
/** The first with `deletion_protection` on a cluster (terraform-provider-aws#43779). */
const lowestAwsProviderWithDeletionProtection = "6.9.0";
/** The first that locks state with a file in S3. */
export const lowestTerraform = "1.10.0";

/** Everything in AWS that the other stacks stand on: network, cluster, machines, identities, registry and bucket. */
export class PlatformStack extends TerraformStack {
  readonly environment: Environment;
  readonly network: INetwork;
  readonly cluster: Cluster;
  /** The pools by name; jobs take tolerations, node selectors and room from them. */
  readonly nodePools: Readonly<Record<string, NodePool>>;
  readonly nodeGroups: readonly NodeGroup[];
  readonly registry: ContainerRegistry;
  readonly results: ResultsBucket;
  /** Keys that workers may write in the results bucket begin with this. */
  readonly resultsPrefix = "runs/";
  /** Identity of the cluster autoscaler's pods. */
  readonly clusterAutoscalerRole: PodIdentityRole;
  /** Identity of the worker's pods. */
  readonly workerRole: PodIdentityRole;

  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    this.environment = environment;
    const { name, region } = environment;
    const tags = { ...environment.tags, Environment: name };
    configureState(this, environment);
    this.configureProvider(tags);

    this.network = this.createNetwork();
    this.cluster = new Cluster(this, "cluster", {
      name: id,
      region,
      kubernetesVersion: environment.cluster.kubernetesVersion,
      network: this.network,
      administrators: Object.fromEntries(environment.cluster.administrators.map((arn) => [principalName(arn), arn])),
      endpointPublicAccessCidrs: environment.cluster.endpointPublicAccessCidrs,
      enabledLogTypes: environment.cluster.enabledLogTypes,
      logRetentionInDays: environment.cluster.logRetentionInDays,
      deletionProtection: environment.cluster.deletionProtection,
    });
    const addons = new ClusterAddons(this, "addons", {
      cluster: this.cluster,
      region,
      name,
      versions: addonVersionsOf(environment.cluster.kubernetesVersion, environment.cluster.addonVersions),
      volumeTags: tags,
    });
    this.registry = new ContainerRegistry(this, "registry", { name: `${name}/ttg-worker`, ...environment.registry });
    this.results = new ResultsBucket(this, "results", {
      name: `${name}-results`,
      deletionProtection: environment.cluster.deletionProtection,
      ...environment.results,
    });
    this.workerRole = new PodIdentityRole(this, "worker-identity", {
      cluster: this.cluster,
      name: `${name}-worker`,
      namespace: environment.workload.namespace,
      serviceAccount: "worker",
      description: "Workers of sweeps",
      policyStatements: this.results.writeStatements(this.resultsPrefix),
    });
    this.nodePools = Object.fromEntries(
      Object.entries(environment.nodePools).map(([poolName, pool]) => [
        poolName,
        new NodePool({ name: poolName, ...pool, additionalInstanceTypes: environment.instanceTypes }),
      ]),
    );
    this.nodeGroups = this.createNodeGroups(addons, tags);
    addons.addAfterNodes(this.nodeGroups.filter(isAlwaysOn).map((group) => group.dependable));

    if (environment.budget !== undefined) {
      new BudgetAlarm(this, "budget", { name: id, ...environment.budget });
    }
    this.clusterAutoscalerRole = new PodIdentityRole(this, "cluster-autoscaler-identity", {
      cluster: this.cluster,
      name: `${name}-cluster-autoscaler`,
      namespace: "kube-system",
      serviceAccount: "cluster-autoscaler",
      description: "Cluster autoscaler",
      policyStatements: clusterAutoscalerPolicy(this.cluster.clusterName),
    });
    this.declareOutputs();
  }

  private configureProvider(tags: Readonly<Record<string, string>>): void {
    const { region, accountId, cluster } = this.environment;
    new AwsProvider(this, "aws", {
      region,
      // The wrong credentials end here, before anything is made in the wrong account.
      allowedAccountIds: [accountId],
      defaultTags: [{ tags: { ...tags } }],
    });
    const lowest =
      cluster.deletionProtection === undefined ? lowestAwsProvider : lowestAwsProviderWithDeletionProtection;
    this.addOverride("terraform.required_providers.aws.version", `>= ${lowest}, < 7.0.0`);
    this.addOverride("terraform.required_version", `>= ${lowestTerraform}`);
  }

  private createNetwork(): INetwork {
    const { network, existingNetwork: existing, availabilityZones, region } = this.environment;
    if (existing !== undefined) return existingNetwork(existing);
    if (network === undefined)
      throw new Error("an environment has network or existingNetwork; loadEnvironments checks it");
    return new Network(this, "network", { name: this.node.id, region, availabilityZones, ...network });
  }

  private createNodeGroups(addons: ClusterAddons, instanceTags: Readonly<Record<string, string>>): NodeGroup[] {
    const nodeRole = new NodeRole(this, "node-role", { name: this.node.id, region: this.environment.region });
    const create = (pool: NodePool, after: readonly NodeGroup[]) =>
      new NodeGroup(this, `pool-${pool.name}`, {
        cluster: this.cluster,
        network: this.network,
        nodeRole,
        pool,
        instanceTags,
        prerequisites: [
          // Nodes without them do not become ready, and cannot drain.
          ...addons.beforeNodes,
          // A worker that is drained writes what it has: its identity, and with it the bucket, outlive the nodes.
          ...this.workerRole.dependables,
          // Evaluations that are drained report to services that run there.
          ...after.map((group) => group.dependable),
        ],
      });
    const pools = Object.values(this.nodePools);
    const untainted = pools.filter((pool) => pool.taints.length === 0).map((pool) => create(pool, []));
    const tainted = pools.filter((pool) => pool.taints.length > 0).map((pool) => create(pool, untainted));
    return [...untainted, ...tainted];
  }

  /** For people and scripts; other stacks take typed attributes, which cdktf turns into outputs of its own. */
  private declareOutputs(): void {
    const outputs = {
      "cluster-name": this.cluster.clusterName,
      "repository-url": this.registry.repositoryUrl,
      "results-bucket": this.results.bucketName,
      "kubeconfig-command": `aws eks update-kubeconfig --region ${this.environment.region} --name ${this.cluster.clusterName}`,
    };
    for (const [name, value] of Object.entries(outputs)) new TerraformOutput(this, name, { value });
  }
}

/** Whether pods without tolerations find a node here at any time. */
function isAlwaysOn({ pool }: NodeGroup): boolean {
  return pool.taints.length === 0 && pool.capacity.min > 0;
}
