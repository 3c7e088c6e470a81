import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { clusterAutoscalerPolicy } from "../constructs/addons/cluster-autoscaler-policy.ts";
import { kedaOperator } from "../constructs/addons/keda.ts";
import { Cluster } from "../constructs/cluster/cluster.ts";
import { principalName } from "../constructs/cluster/cluster-access.ts";
import { NodeAddons, WorkloadAddons } from "../constructs/cluster/cluster-addons.ts";
import { PodIdentityRole } from "../constructs/cluster/pod-identity-role.ts";
import { existingNetwork, type INetwork, Network } from "../constructs/network/network.ts";
import { NodeGroup } from "../constructs/pools/node-group.ts";
import type { NodePool } from "../constructs/pools/node-pool.ts";
import { NodeRole } from "../constructs/pools/node-role.ts";
import type { ExecutorSize } from "../constructs/pools/node-target.ts";
import { executorsName } from "../constructs/queue/executors.ts";
import { executorsFolder } from "../constructs/queue/executors-options.ts";
import { queueLengthStatements, WorkQueue } from "../constructs/queue/work-queue.ts";
import { apiStatements } from "../constructs/services/api-permissions.ts";
import { serviceJobsAccount } from "../constructs/services/job-template.ts";
import { apiName, serviceJobsFolder, servicesNamespace } from "../constructs/services/services-names.ts";
import { BudgetAlarm } from "../constructs/storage/budget-alarm.ts";
import { ContainerRegistry } from "../constructs/storage/container-registry.ts";
import { ResultsBucket } from "../constructs/storage/results-bucket.ts";
import { DeletionProtection } from "../constructs/support/deletion-protection.ts";
import { terraformTexts } from "../constructs/support/terraform-text.ts";
import type { ResolvedEnvironment } from "./configuration/resolved-environment.ts";
import { type PlatformLoadBalancer, platformLoadBalancer } from "./platform-load-balancer.ts";
import { configureState } from "./state-backend.ts";
import { lowestAwsProvider, lowestAwsProviderWithDeletionProtection, lowestTerraform } from "./versions.ts";

/** Prefix of the keys of all results. */
export const resultsPrefix = "runs/";

export interface PlatformStackProps {
  readonly environment: ResolvedEnvironment;
}

/** The AWS resources that the other stacks need: network, cluster, node groups, identities, registry, bucket and queues. */
export class PlatformStack extends TerraformStack {
  readonly network: INetwork;
  readonly cluster: Cluster;
  readonly nodeGroups: readonly NodeGroup[];
  readonly registry: ContainerRegistry;
  readonly results: ResultsBucket;
  /** Identity of the cluster autoscaler's pods. */
  readonly clusterAutoscalerRole: PodIdentityRole;
  /** Identities of the workers, one for each job. Each may write below {@link resultsPrefixOf} its job only. */
  readonly workerRoles: readonly PodIdentityRole[];
  /** The queues of the executors, by their size. */
  readonly workQueues: ReadonlyMap<ExecutorSize, WorkQueue>;
  /** Identities of the executors, one for each size. Each may work on its queue, and write below {@link executorsPrefix}. */
  readonly executorRoles: readonly PodIdentityRole[];
  /** Identity of KEDA's operator; undefined without executors. */
  readonly kedaRole: PodIdentityRole | undefined;
  /** The parts of the services' load balancer that outlive it; undefined without an entry from outside. */
  readonly loadBalancer: PlatformLoadBalancer | undefined;
  /** Identity of the API; undefined without services. */
  readonly apiRole: PodIdentityRole | undefined;
  /** Identity of the workers of all Jobs that the API creates; undefined if it may create none. */
  readonly serviceJobsRole: PodIdentityRole | undefined;
  /** Prefix of the keys of the results of all executors. */
  readonly executorsPrefix = this.resultsPrefixOf(executorsFolder);

  constructor(scope: Construct, id: string, { environment }: PlatformStackProps) {
    super(scope, id);
    const { name, region, tags } = environment;
    configureState(this, environment);
    this.configureProvider(environment);

    this.network = this.createNetwork(environment);
    this.cluster = new Cluster(this, "cluster", {
      name: id,
      region,
      accountId: environment.accountId,
      kubernetesVersion: environment.cluster.kubernetesVersion,
      availabilityZones: environment.cluster.availabilityZones,
      network: this.network,
      administrators: Object.fromEntries(environment.cluster.administrators.map((arn) => [principalName(arn), arn])),
      endpointPublicAccessCidrs: environment.cluster.endpointPublicAccessCidrs,
      enabledLogTypes: environment.cluster.enabledLogTypes,
      logRetentionInDays: environment.cluster.logRetentionInDays,
      deletionProtection: environment.cluster.deletionProtection,
    });
    const { addonVersions } = environment.cluster;
    const nodeAddons = new NodeAddons(this, "addons", { cluster: this.cluster, name, addonVersions });
    this.registry = new ContainerRegistry(this, "registry", { name: `${name}/ttg-worker`, ...environment.registry });
    this.results = new ResultsBucket(this, "results", {
      name: `${name}-results`,
      deletionProtection: environment.cluster.deletionProtection,
      ...environment.results,
    });
    this.workerRoles = environment.workload.jobs.map(({ settings }) =>
      this.createWorkerRole(environment, settings.name),
    );
    const sizes = environment.workload.executors.map(({ options }) => options.size);
    this.workQueues = new Map(
      sizes.map((size) => [size, new WorkQueue(this, `queue-${size}`, { name: `${name}-${size}` })]),
    );
    this.executorRoles = [...this.workQueues].map(([size, queue]) => this.createExecutorRole(environment, size, queue));
    this.kedaRole = this.workQueues.size === 0 ? undefined : this.createKedaRole(name);
    this.apiRole = this.createApiRole(environment);
    this.serviceJobsRole = this.createServiceJobsRole(environment);
    this.nodeGroups = this.createNodeGroups(environment, nodeAddons);
    const alwaysOn = this.nodeGroups.filter(({ pool }) => environment.alwaysOnPools.includes(pool));
    // The id `Default` is no part of Terraform addresses, so all add-ons are `aws_eks_addon.addons_<add-on>_<hash>`.
    new WorkloadAddons(nodeAddons, "Default", {
      cluster: this.cluster,
      addonVersions,
      name,
      volumeTags: tags,
      dependsOn: alwaysOn.flatMap((group) => group.dependables),
    });

    this.loadBalancer = platformLoadBalancer(this, environment, this.cluster, this.network);
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
    new DeletionProtection(this, "deletion-protection", { enabled: environment.cluster.deletionProtection ?? false });
    this.declareOutputs(region);
  }

  /** Name of the service account of a job's workers. */
  serviceAccountOf(job: string): string {
    return `worker-${job}`;
  }

  /** Prefix of the keys of a job's results. */
  resultsPrefixOf(job: string): string {
    return `${resultsPrefix}${job}/`;
  }

  /** URL of a folder of results, without a slash at its end. @param prefix of its keys. */
  resultsUrlOf(prefix: string): string {
    return `s3://${this.results.bucketName}/${prefix}`.replace(/\/$/, "");
  }

  private createWorkerRole({ name, workload }: ResolvedEnvironment, job: string): PodIdentityRole {
    return new PodIdentityRole(this, `worker-identity-${job}`, {
      cluster: this.cluster,
      name: `${name}-worker`,
      namespace: workload.namespace,
      serviceAccount: this.serviceAccountOf(job),
      description: `Workers of ${job}`,
      policyStatements: this.results.writeStatements(this.resultsPrefixOf(job)),
    });
  }

  private createServiceJobsRole({ name, workload, services }: ResolvedEnvironment): PodIdentityRole | undefined {
    if (services === undefined || services.jobs.length === 0) return undefined;
    return new PodIdentityRole(this, "service-jobs-identity", {
      cluster: this.cluster,
      name: `${name}-service-jobs`,
      namespace: workload.namespace,
      serviceAccount: serviceJobsAccount,
      description: "Workers of the Jobs that the API creates",
      policyStatements: this.results.writeStatements(this.resultsPrefixOf(serviceJobsFolder)),
    });
  }

  private createExecutorRole({ name, workload }: ResolvedEnvironment, size: ExecutorSize, queue: WorkQueue) {
    return new PodIdentityRole(this, `executor-identity-${size}`, {
      cluster: this.cluster,
      name: `${name}-executor`,
      namespace: workload.namespace,
      serviceAccount: executorsName({ size }),
      description: `Executors of the size ${size}`,
      policyStatements: [...queue.workStatements(), ...this.results.writeStatements(this.executorsPrefix)],
    });
  }

  private createKedaRole(name: string): PodIdentityRole {
    return new PodIdentityRole(this, "keda-identity", {
      cluster: this.cluster,
      name: `${name}-keda`,
      ...kedaOperator,
      description: "KEDA, which counts the messages for executors",
      policyStatements: queueLengthStatements([...this.workQueues.values()]),
    });
  }

  private createApiRole({ name, services }: ResolvedEnvironment): PodIdentityRole | undefined {
    if (services === undefined) return undefined;
    const queues = [...this.workQueues.values()];
    return new PodIdentityRole(this, "api-identity", {
      cluster: this.cluster,
      name: `${name}-api`,
      namespace: servicesNamespace,
      serviceAccount: apiName,
      description: "API for sweeps, which reads all results and submits runs",
      policyStatements: apiStatements({
        results: this.results,
        resultsPrefix,
        submittedPrefixes: [
          ...(queues.length === 0 ? [] : [this.executorsPrefix]),
          ...(services.jobs.length === 0 ? [] : [this.resultsPrefixOf(serviceJobsFolder)]),
        ],
        queues,
      }),
    });
  }

  private configureProvider({ region, accountId, cluster, tags }: ResolvedEnvironment): void {
    new AwsProvider(this, "aws", {
      region,
      // Terraform stops here with the wrong credentials, before it creates anything in the wrong account.
      allowedAccountIds: [accountId],
      defaultTags: [{ tags: terraformTexts(tags) }],
    });
    const lowest =
      cluster.deletionProtection === undefined ? lowestAwsProvider : lowestAwsProviderWithDeletionProtection;
    this.addOverride("terraform.required_providers.aws.version", `>= ${lowest}, < 7.0.0`);
    this.addOverride("terraform.required_version", `>= ${lowestTerraform}`);
  }

  private createNetwork({ network, availabilityZones, region, accountId }: ResolvedEnvironment): INetwork {
    if (network.kind === "existing") {
      const { kind: _, ...attributes } = network;
      return existingNetwork(attributes);
    }
    return new Network(this, "network", { name: this.node.id, region, accountId, availabilityZones, ...network });
  }

  private createNodeGroups({ tags, nodePools }: ResolvedEnvironment, addons: NodeAddons): NodeGroup[] {
    const nodeRole = new NodeRole(this, "node-role", { name: this.node.id, cluster: this.cluster });
    const create = (pool: NodePool, after: readonly NodeGroup[]) =>
      new NodeGroup(this, `pool-${pool.name}`, {
        cluster: this.cluster,
        network: this.network,
        nodeRole,
        pool,
        instanceTags: tags,
        dependsOn: [
          // Nodes without them do not become ready, and cannot drain.
          ...addons.dependables,
          // Drained workers still write their results: their identities, and with them the bucket, must outlive the nodes.
          ...this.workerRoles.flatMap((role) => role.dependables),
          ...(this.serviceJobsRole?.dependables ?? []),
          // Drained executors also send back what is left.
          ...this.executorRoles.flatMap((role) => role.dependables),
          ...[...this.workQueues.values()].flatMap((queue) => queue.dependables),
          // Drained evaluations report to services on these nodes.
          ...after.flatMap((group) => group.dependables),
        ],
      });
    const pools = Object.values(nodePools);
    const untainted = pools.filter((pool) => pool.taints.length === 0).map((pool) => create(pool, []));
    const tainted = pools.filter((pool) => pool.taints.length > 0).map((pool) => create(pool, untainted));
    return [...untainted, ...tainted];
  }

  /** Outputs for people and scripts. Other stacks use typed attributes, which cdktf turns into outputs of its own. */
  private declareOutputs(region: string): void {
    const outputs = {
      "cluster-name": this.cluster.clusterName,
      "repository-url": this.registry.repositoryUrl,
      "results-bucket": this.results.bucketName,
      "kubeconfig-command": `aws eks update-kubeconfig --region ${region} --name ${this.cluster.clusterName}`,
    };
    for (const [name, value] of Object.entries(outputs)) new TerraformOutput(this, name, { value });
  }
}
