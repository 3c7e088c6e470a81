import { z } from "zod";
import type { ClusterProps } from "../../constructs/cluster/cluster.ts";
import { type AddonName, addonNames } from "../../constructs/cluster/cluster-addons.ts";
import {
  type ExistingNetworkAttributes,
  type NetworkProps,
  natGatewayModes,
} from "../../constructs/network/network.ts";
import { interfaceEndpointServices } from "../../constructs/network/vpc-endpoints.ts";
import type { InstanceType } from "../../constructs/pools/instance-types.ts";
import type { NodePoolProps } from "../../constructs/pools/node-pool.ts";
import { type ExecutorSize, executorSizes } from "../../constructs/pools/node-target.ts";
import type { BudgetAlarmProps } from "../../constructs/storage/budget-alarm.ts";
import type { ContainerRegistryProps } from "../../constructs/storage/container-registry.ts";
import type { ResultsBucketProps } from "../../constructs/storage/results-bucket.ts";
import { taintEffects } from "../../constructs/support/kubernetes-syntax.ts";
import { show } from "../../constructs/support/problems.ts";
import {
  logLevels,
  partitions,
  placements,
  type WorkerJobSettings,
} from "../../constructs/workload/worker-job-settings.ts";

/** Settings of a network to create. */
export type NetworkOptions = Omit<NetworkProps, "name" | "region" | "availabilityZones">;
/** Settings of a pool; its name is its key in `nodePools`. */
export type NodePoolOptions = Omit<NodePoolProps, "name" | "additionalInstanceTypes">;

/** One whole deployment of the platform, as its author writes it in `environments.ts`. */
export interface Environment {
  /**
   * Prefix of every stack id and physical name, for example `dev`. A DNS label of at most 16 characters. Changing it later
   * replaces everything.
   */
  readonly name: string;
  /**
   * The AWS account, 12 digits. Terraform refuses credentials of any other account. `PLATFORM_<NAME>_ACCOUNT_ID` overrides it, for
   * example `PLATFORM_DEV_ACCOUNT_ID`.
   */
  readonly accountId: string;
  /** Region of everything but {@link s3State}, for example `us-west-2`. */
  readonly region: string;
  /** Two to six zones of the region. Append a zone at the end: subnets of the others then stay where they are. */
  readonly availabilityZones: readonly string[];
  /**
   * A VPC to create.
   * @default - none; then {@link existingNetwork} is required
   */
  readonly network?: NetworkOptions | undefined;
  /**
   * A VPC that exists already, with one private subnet in each of the {@link availabilityZones}.
   * @default - none; then {@link network} is required
   */
  readonly existingNetwork?: ExistingNetworkAttributes | undefined;
  /** The EKS control plane: version, access, logs and protection from deletion. */
  readonly cluster: ClusterOptions;
  /**
   * Groups of equal nodes by name, for example `executor`. At least one pool without taints must always have a node, because
   * CoreDNS and the cluster autoscaler run there.
   */
  readonly nodePools: Readonly<Record<string, NodePoolOptions>>;
  /**
   * EC2 instance types by name that the table in `constructs/pools/instance-types.ts` lacks.
   * `aws ec2 describe-instance-types` prints the figures.
   * @default {}
   */
  readonly instanceTypes?: Readonly<Record<string, InstanceType>> | undefined;
  /**
   * The repository of the worker's image.
   * @default {}
   */
  readonly registry?: Pick<ContainerRegistryProps, "forceDelete"> | undefined;
  /**
   * The bucket with the results of all jobs.
   * @default {}
   */
  readonly results?: Pick<ResultsBucketProps, "forceDestroy" | "expirationInDays"> | undefined;
  /** The jobs, their namespace and their image. */
  readonly workload: Workload;
  /**
   * Mail when the account spends too much in a month.
   * @default - no mail
   */
  readonly budget?: Omit<BudgetAlarmProps, "name"> | undefined;
  /**
   * Tags of every resource beside `Environment`, which is always the environment's name.
   * @default {}
   */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /**
   * An existing S3 bucket for Terraform's state. Terraform locks with a file beside the state.
   * @default - local files beside cdktf.json, for one person at one machine
   */
  readonly s3State?: S3State | undefined;
}

/** Settings of the EKS control plane. */
export interface ClusterOptions
  extends Pick<
    ClusterProps,
    "kubernetesVersion" | "endpointPublicAccessCidrs" | "logRetentionInDays" | "deletionProtection"
  > {
  /**
   * ARNs of the IAM roles and users that administrate the cluster, at least one. Only these principals can access the cluster; the
   * identity that creates it gets no implicit access. `PLATFORM_<NAME>_ADMINISTRATORS`, separated by commas, overrides it.
   */
  readonly administrators: readonly string[];
  /**
   * Versions of EKS add-ons by name, for example `{ coredns: "v1.13.2-eksbuild.11" }`, in place of pinned ones.
   * @default - the versions in `constructs/cluster/kubernetes-versions.ts` for the Kubernetes version
   */
  readonly addonVersions?: Readonly<Partial<Record<AddonName, string | undefined>>> | undefined;
}

/** The jobs of an environment. */
export interface Workload {
  /** Kubernetes namespace of the jobs, for example `sweep`. Namespaces of Kubernetes itself (`default`, `kube-*`) are refused. */
  readonly namespace: string;
  /**
   * Reference of an image that was built elsewhere, with a tag or a digest, for example `ghcr.io/example/ttg-worker:1.4.0`.
   * @default - `cdktf deploy` builds the image from `worker/` and pushes it
   */
  readonly image?: string | undefined;
  /**
   * Base of the built image, for evaluations in other languages, for example `docker.io/library/python:3.13-slim-bookworm`.
   * @default - distroless Node.js without a shell; see docs/image.md
   */
  readonly baseImage?: string | undefined;
  /** The sweeps to run. An empty list leaves the platform idle, and nothing is built. */
  readonly jobs: readonly Job[];
}

/** A sweep and its place: a pool, or all pools of a size. */
export interface Job extends WorkerJobSettings {
  /**
   * Name of the pool that the job runs on, for example `executor`.
   * @default - none; then {@link size} is required
   */
  readonly nodePool?: string | undefined;
  /**
   * Runs the job on all pools whose label `executor-size` has this value.
   * @default - none; then {@link nodePool} is required
   */
  readonly size?: ExecutorSize | undefined;
}

/** Where Terraform keeps the state of an environment's stacks. */
export interface S3State {
  /** Name of the bucket, for example `example-terraform-state`. Create it beforehand, with versioning. */
  readonly bucket: string;
  /** Region of the bucket, for example `us-west-2`. */
  readonly region: string;
}

/** A text; `example` is what an error proposes. */
const text = (example: string) => z.string().meta({ fix: `write for example ${show(example)}` });
const number = (example: number) => z.number().meta({ fix: `write for example ${example}` });
const texts = (example: string) => z.array(text(example)).readonly();

const capacity = z
  .strictObject({ mode: z.enum(["fixed", "dynamic", "fromZero"]), min: z.number(), max: z.number() })
  .readonly()
  .meta({ allowed: "fixed(nodes), dynamic(min, max) or fromZero(max)", fix: "write for example fromZero(50)" });

const taint = z
  .strictObject({ key: text("workload-type"), value: text("executor").optional(), effect: z.enum(taintEffects) })
  .readonly();

const nodePool = z
  .strictObject({
    instanceTypes: texts("c5.2xlarge"),
    capacity,
    capacityType: z.enum(["ON_DEMAND", "SPOT"]).optional(),
    labels: z.record(z.string(), text("executor")).readonly().optional(),
    taints: z.array(taint).readonly().optional(),
    gpu: z.boolean().optional(),
    volumeSizeGiB: number(50).optional(),
    availabilityZones: texts("us-west-2a").optional(),
  })
  .readonly() satisfies z.ZodType<NodePoolOptions>;

const instanceType = z
  .strictObject({
    vCpus: number(8),
    memoryGiB: number(16),
    networkInterfaces: number(4),
    addressesPerInterface: number(15),
    gpus: number(1).optional(),
    accelerator: text("nvidia-tesla-t4").optional(),
  })
  .readonly() satisfies z.ZodType<InstanceType>;

const network = z
  .strictObject({
    cidrBlock: text("10.0.0.0/16"),
    natGateways: z.enum(natGatewayModes).optional(),
    interfaceEndpoints: z.array(z.enum(interfaceEndpointServices)).readonly().optional(),
    flowLogRetentionInDays: number(30).optional(),
  })
  .readonly() satisfies z.ZodType<NetworkOptions>;

const existingNetwork = z
  .strictObject({
    vpcId: text("vpc-0123456789abcdef0"),
    privateSubnetIds: z.record(z.string(), text("subnet-0a1b2c3d")),
  })
  .readonly() satisfies z.ZodType<ExistingNetworkAttributes>;

const cluster = z
  .strictObject({
    kubernetesVersion: text("1.35"),
    administrators: texts("arn:aws:iam::111122223333:role/platform-administrator"),
    endpointPublicAccessCidrs: texts("203.0.113.7/32").optional(),
    logRetentionInDays: number(30).optional(),
    deletionProtection: z.boolean().optional(),
    addonVersions: z.partialRecord(z.enum(addonNames), text("v1.22.3-eksbuild.1")).readonly().optional(),
  })
  .readonly() satisfies z.ZodType<ClusterOptions>;

const job = z
  .strictObject({
    name: text("ttg-computation"),
    nodePool: text("executor").optional(),
    size: z.enum(executorSizes).optional(),
    totalParameters: number(10_000_000),
    workers: number(3),
    parallelism: number(3).optional(),
    batchSize: number(10_000).optional(),
    simulateWorkMs: number(0).optional(),
    logLevel: z.enum(logLevels).optional(),
    evaluation: text("collatz").optional(),
    evaluationCommand: text("python3 evaluations/evaluate.py").optional(),
    resultColumns: texts("value").optional(),
    evaluationTimeoutSeconds: number(60).optional(),
    maxFailures: number(10_000).optional(),
    seed: number(0).optional(),
    partition: z.enum(partitions).optional(),
    s3RequestTimeoutMs: number(20_000).optional(),
    placement: z.enum(placements).optional(),
    cpuRequestMillis: number(100).optional(),
    memoryRequestMiB: number(128).optional(),
    cpuLimitMillis: number(500).optional(),
    memoryLimitMiB: number(256).optional(),
    gpus: number(1).optional(),
    temporaryStorageMiB: number(128).optional(),
    backoffLimitPerIndex: number(6).optional(),
    maxFailedIndexes: number(1).optional(),
    secretName: text("sweep-secrets").optional(),
    runName: text("first-sweep").optional(),
  })
  .readonly() satisfies z.ZodType<Job>;

const workload = z
  .strictObject({
    namespace: text("sweep"),
    image: text("docker.io/example/ttg-worker:1.0.0").optional(),
    baseImage: text("docker.io/library/python:3.13-slim-bookworm").optional(),
    jobs: z.array(job).readonly(),
  })
  .readonly() satisfies z.ZodType<Workload>;

/** The shape of an {@link Environment}. The resolvers beside this file check values. */
export const environmentSchema = z
  .strictObject({
    name: text("dev"),
    accountId: text("111122223333"),
    region: text("us-west-2"),
    availabilityZones: texts("us-west-2a"),
    network: network.optional(),
    existingNetwork: existingNetwork.optional(),
    cluster,
    nodePools: z.record(z.string(), nodePool).readonly(),
    instanceTypes: z.record(z.string(), instanceType).readonly().optional(),
    registry: z.strictObject({ forceDelete: z.boolean().optional() }).readonly().optional(),
    results: z
      .strictObject({ forceDestroy: z.boolean().optional(), expirationInDays: number(90).optional() })
      .readonly()
      .optional(),
    workload,
    budget: z
      .strictObject({ limitUsdPerMonth: number(500), notifyEmails: texts("team@example.com") })
      .readonly()
      .optional(),
    tags: z.record(z.string(), text("research")).readonly().optional(),
    s3State: z
      .strictObject({ bucket: text("my-terraform-state"), region: text("us-west-2") })
      .readonly()
      .optional(),
  })
  .readonly() satisfies z.ZodType<Environment>;
