import type { ExistingNetworkAttributes, NetworkOptions } from "../../constructs/network/network.ts";
import type { NodePool } from "../../constructs/pools/node-pool.ts";
import type { NodeTarget } from "../../constructs/pools/node-target.ts";
import type { ResolvedExecutorsOptions } from "../../constructs/queue/executors-options.ts";
import type { ServiceJobsOptions } from "../../constructs/services/service-jobs-options.ts";
import type { ResolvedServicesOptions } from "../../constructs/services/services-options.ts";
import type { WorkerJobSettings } from "../../constructs/workload/worker-job-settings.ts";
import type { Environment } from "./schema.ts";

/**
 * An environment that can be deployed, as the stacks receive it: all values are checked, environment variables are applied, and
 * objects replace names.
 */
export interface ResolvedEnvironment
  extends Pick<
    Environment,
    | "name"
    | "accountId"
    | "region"
    | "cluster"
    | "availabilityZones"
    | "instanceTypes"
    | "registry"
    | "results"
    | "budget"
    | "s3State"
  > {
  /** Tags of every resource, `Environment` among them. */
  readonly tags: Readonly<Record<string, string>>;
  readonly network: ResolvedNetwork;
  /** The pools by name. */
  readonly nodePools: Readonly<Record<string, NodePool>>;
  /** Pools without taints that always have a node, at least one. CoreDNS and the cluster autoscaler run there. */
  readonly alwaysOnPools: readonly [NodePool, ...NodePool[]];
  readonly workload: ResolvedWorkload;
  /** Undefined without services. */
  readonly services: ResolvedServices | undefined;
}

/** A network to create, or one that exists already. */
export type ResolvedNetwork =
  | ({ readonly kind: "new" } & NetworkOptions)
  | ({ readonly kind: "existing" } & ExistingNetworkAttributes);

export interface ResolvedWorkload {
  /** Kubernetes namespace of the jobs and executors. */
  readonly namespace: string;
  readonly image: ResolvedImage;
  readonly jobs: readonly ResolvedJob[];
  /** The executors, at most one entry for each size. */
  readonly executors: readonly ResolvedExecutors[];
}

/** An image to build from this repository, or the reference of one that was built elsewhere. */
export type ResolvedImage =
  | { readonly kind: "built"; readonly baseImage?: string | undefined }
  | { readonly kind: "prebuilt"; readonly reference: string };

export interface ResolvedJob {
  readonly settings: WorkerJobSettings;
  /** The pool, or all pools of the size, that the job runs on. A node there has room for its pods. */
  readonly target: NodeTarget;
}

export interface ResolvedExecutors {
  readonly options: ResolvedExecutorsOptions;
  /** All pools of the size. A node there has room for an executor. */
  readonly target: NodeTarget;
}

export interface ResolvedServices {
  readonly options: ResolvedServicesOptions;
  /** The jobs that the API may create, at most one entry for each size. */
  readonly jobs: readonly ResolvedServiceJobs[];
}

export interface ResolvedServiceJobs {
  readonly options: ServiceJobsOptions;
  /** All pools of the size. A node there has room for a worker. */
  readonly target: NodeTarget;
}
