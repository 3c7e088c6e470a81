import { z } from "zod";
import { type ClusterOptions, clusterOptionsSchema } from "../../constructs/cluster/cluster.ts";
import { type ClusterAccessOptions, clusterAccessOptionsSchema } from "../../constructs/cluster/cluster-access.ts";
import { type ClusterAddonsOptions, clusterAddonsOptionsSchema } from "../../constructs/cluster/kubernetes-versions.ts";
import {
  type ExistingNetworkAttributes,
  existingNetworkAttributesSchema,
  type NetworkOptions,
  networkOptionsSchema,
} from "../../constructs/network/network.ts";
import { dynamic } from "../../constructs/pools/capacity.ts";
import { type InstanceType, instanceTypeSchema } from "../../constructs/pools/instance-types.ts";
import { type NodePoolOptions, nodePoolOptionsSchema } from "../../constructs/pools/node-pool-options.ts";
import { type ExecutorSize, executorSizes } from "../../constructs/pools/node-target.ts";
import { type ExecutorsOptions, executorsOptionsSchema } from "../../constructs/queue/executors-options.ts";
import { type ServicesOptions, servicesOptionsSchema } from "../../constructs/services/services-options.ts";
import { type BudgetAlarmOptions, budgetAlarmOptionsSchema } from "../../constructs/storage/budget-alarm.ts";
import {
  type ContainerRegistryOptions,
  containerRegistryOptionsSchema,
} from "../../constructs/storage/container-registry.ts";
import { type ResultsBucketOptions, resultsBucketOptionsSchema } from "../../constructs/storage/results-bucket.ts";
import { byName, list, type ShapeOf, text, withFix, word } from "../../constructs/support/fields.ts";
import { type WorkerJobSettings, workerJobSettingsSchema } from "../../constructs/workload/worker-job-settings.ts";

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
  /**
   * Two to six zones of the region, each with its subnets. A zone added later moves no subnet, and changes neither the cluster nor a
   * pool: name it in the `availabilityZones` of pools.
   */
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
  readonly cluster: ClusterSettings;
  /**
   * Groups of equal nodes by name, for example `executor`. At least one pool without taints must always have a node, because
   * CoreDNS and the cluster autoscaler run there.
   */
  readonly nodePools: Readonly<Record<string, NodePoolOptions>>;
  /**
   * EC2 instance types by name that `constructs/pools/instance-types.json` lacks, such as bare metal or a type that is newer than the
   * table. `aws ec2 describe-instance-types` prints the figures.
   * @default {}
   */
  readonly instanceTypes?: Readonly<Record<string, InstanceType>> | undefined;
  /**
   * The repository of the worker's image.
   * @default {}
   */
  readonly registry?: ContainerRegistryOptions | undefined;
  /**
   * The bucket with the results of all jobs.
   * @default {}
   */
  readonly results?: ResultsBucketOptions | undefined;
  /** The jobs, their namespace and their image. */
  readonly workload: Workload;
  /**
   * A page and an API for sweeps in the cluster; see docs/services.md. Nothing of it is made without this field.
   * @default - none; `sweep ui` shows the results of the bucket on a laptop
   */
  readonly services?: ServicesOptions | undefined;
  /**
   * Mail when the account spends too much in a month.
   * @default - no mail
   */
  readonly budget?: BudgetAlarmOptions | undefined;
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

/**
 * The EKS control plane. The environment variables `PLATFORM_<NAME>_ADMINISTRATORS` and `PLATFORM_<NAME>_PUBLIC_ACCESS_CIDRS`,
 * lists separated by commas, override two of its settings.
 */
export interface ClusterSettings extends ClusterOptions, ClusterAccessOptions, ClusterAddonsOptions {}

/** The jobs and executors of an environment. */
export interface Workload {
  /** Kubernetes namespace of the jobs and executors, for example `sweep`. Namespaces of Kubernetes itself (`default`, `kube-*`) are refused. */
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
  /** The sweeps to run. An empty list leaves the platform idle; without executors nothing is built. */
  readonly jobs: readonly Job[];
  /**
   * Executors that start when `npm run submit` puts a run on their queue, and end when the queue is empty; see docs/queue.md. Nothing of
   * it is made without an entry. The results are in the folder `queue` beside those of jobs.
   * @default []
   */
  readonly executors?: readonly ExecutorsOptions[] | undefined;
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

const zones = ["us-west-2a", "us-west-2b"];
const baseImage = "docker.io/library/python:3.13-slim-bookworm";

/** Schema of the {@link ClusterSettings}. */
export const clusterSettingsSchema = z.strictObject({
  ...clusterOptionsSchema.shape,
  ...clusterAccessOptionsSchema.shape,
  ...clusterAddonsOptionsSchema.shape,
} satisfies ShapeOf<ClusterSettings>);

/** Schema of a {@link Job}. */
export const jobSchema = z.strictObject({
  ...workerJobSettingsSchema.shape,
  nodePool: text({ allowed: "the name of a pool", example: "executor" }).optional(),
  size: word(executorSizes, { example: "small" }).optional(),
} satisfies ShapeOf<Job>);

/** Schema of the {@link Workload}. */
export const workloadSchema = z.strictObject({
  namespace: text({ allowed: "a namespace of its own", example: "sweep" }),
  image: text({ allowed: "the reference of an image", example: "docker.io/example/ttg-worker:1.0.0" }).optional(),
  baseImage: text({ allowed: "the reference of an image", example: baseImage }).optional(),
  jobs: list(jobSchema, { allowed: "a list of jobs", example: [] }),
  executors: list(executorsOptionsSchema, {
    allowed: "a list of executors",
    example: [{ size: "large", max: 50 }],
    fix: 'use for example [{ size: "large", max: 50 }]',
    default: [],
  }).optional(),
} satisfies ShapeOf<Workload>);

/** Schema of the {@link S3State}. */
export const s3StateSchema = z.strictObject({
  bucket: text({ allowed: "the name of a bucket", example: "my-terraform-state" }),
  region: text({ allowed: "a region of AWS", example: "us-west-2" }),
} satisfies ShapeOf<S3State>);

/** Schema of an {@link Environment}: the shape only. The resolvers beside this file check values. */
export const environmentSchema = z.strictObject({
  name: text({ allowed: "a DNS label", example: "dev" }),
  accountId: text({ allowed: "an AWS account of 12 digits", example: "111122223333" }),
  region: text({ allowed: "a region of AWS", example: "us-west-2" }),
  availabilityZones: list(text({ allowed: "a zone of the region", example: "us-west-2a" }), {
    allowed: "a list of availability zones",
    example: zones,
  }),
  network: networkOptionsSchema.optional(),
  existingNetwork: existingNetworkAttributesSchema.optional(),
  cluster: clusterSettingsSchema,
  nodePools: byName(nodePoolOptionsSchema, {
    allowed: "an object of pools by name",
    example: { general: { instanceTypes: ["t3.large"], capacity: dynamic(2, 10) } },
    fix: 'use for example { general: { instanceTypes: ["t3.large"], capacity: dynamic(2, 10) } }',
  }),
  instanceTypes: byName(instanceTypeSchema, {
    allowed: "an object of figures by instance type",
    example: { "c5.metal": { vCpus: 96, memoryGiB: 192, networkInterfaces: 15, addressesPerInterface: 50 } },
    default: {},
  }).optional(),
  registry: containerRegistryOptionsSchema.meta(withFix({ example: { forceDelete: true }, default: {} })).optional(),
  results: resultsBucketOptionsSchema.meta(withFix({ example: { expirationInDays: 90 }, default: {} })).optional(),
  workload: workloadSchema,
  services: servicesOptionsSchema.optional(),
  budget: budgetAlarmOptionsSchema.optional(),
  tags: byName(text({ allowed: "a text", example: "research" }), {
    allowed: "an object of texts by key",
    example: { CostCenter: "research" },
    default: {},
  }).optional(),
  s3State: s3StateSchema.optional(),
} satisfies ShapeOf<Environment>);
