import { dynamic, fromZero } from "./constructs/pools/capacity.ts";
import type { Taint } from "./constructs/support/kubernetes-syntax.ts";
import type { Environment } from "./stacks/configuration/schema.ts";

/** Keeps everything but evaluations off the machines that are bought for them. */
const executorTaint: Taint = { key: "workload-type", value: "executor", effect: "NoSchedule" };
const gpuTaint: Taint = { key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" };

// The account is the one AWS's documentation uses, and the addresses are documentation's too: replace them here, or with
// PLATFORM_DEV_ACCOUNT_ID, PLATFORM_DEV_ADMINISTRATORS and PLATFORM_DEV_PUBLIC_ACCESS_CIDRS (loadEnvironments in config.ts).
const accountId = "111122223333";

/** The machines that jobs and services run on. One more kind of machine is one more entry. */
const nodePools = {
  general: {
    instanceTypes: ["t3.large"],
    capacity: dynamic(2, 10),
    labels: { "workload-type": "general" },
  },
  executor: {
    instanceTypes: ["c5.2xlarge", "c5a.2xlarge", "c5d.2xlarge", "c6i.2xlarge"],
    capacity: fromZero(50),
    capacityType: "SPOT",
    labels: { "workload-type": "executor" },
    taints: [executorTaint],
  },
  "executor-small": {
    instanceTypes: ["t3.large", "t3a.large", "m5.large"],
    capacity: fromZero(10),
    capacityType: "SPOT",
    labels: { "workload-type": "executor", "executor-size": "small" },
    taints: [executorTaint],
  },
  "executor-large": {
    instanceTypes: ["c5.4xlarge", "c5a.4xlarge", "c5d.4xlarge", "c6i.4xlarge"],
    capacity: fromZero(10),
    capacityType: "SPOT",
    labels: { "workload-type": "executor", "executor-size": "large" },
    taints: [executorTaint],
  },
  gpu: {
    instanceTypes: ["g4dn.xlarge"],
    capacity: fromZero(5),
    capacityType: "SPOT",
    gpu: true,
    // Images with CUDA take 10 GiB and more.
    volumeSizeGiB: 100,
    labels: { "workload-type": "executor", "executor-size": "gpu" },
    taints: [gpuTaint],
  },
} satisfies Environment["nodePools"];

/** Ten million parameters, each exactly once; what else can be said of a job is in `WorkerJobSettings`. */
const computation = {
  name: "ttg-computation",
  nodePool: "executor",
  evaluation: "collatz",
  totalParameters: 10_000_000,
  placement: "spread",
} as const;

/** For trying things: small, one NAT gateway, spot machines for evaluations, and a destroy that leaves nothing behind. */
export const dev: Environment = {
  name: "dev",
  accountId,
  region: "us-west-2",
  availabilityZones: ["us-west-2a", "us-west-2b", "us-west-2c"],
  network: { cidrBlock: "10.0.0.0/16", natGateways: "single" },
  cluster: {
    kubernetesVersion: "1.35",
    administrators: [`arn:aws:iam::${accountId}:role/platform-administrator`],
    endpointPublicAccessCidrs: ["203.0.113.0/24"],
    logRetentionInDays: 7,
  },
  nodePools: {
    general: { ...nodePools.general, capacity: dynamic(2, 4) },
    executor: { ...nodePools.executor, capacity: fromZero(10) },
    "executor-small": { ...nodePools["executor-small"], capacity: fromZero(3) },
    "executor-large": { ...nodePools["executor-large"], capacity: fromZero(3) },
    gpu: { ...nodePools.gpu, capacity: fromZero(1) },
  },
  registry: { forceDelete: true },
  results: { forceDestroy: true, expirationInDays: 30 },
  workload: { namespace: "sweep", jobs: [{ ...computation, workers: 3 }] },
  tags: { CostCenter: "research" },
};

/** For sweeps that count: it survives a zone, keeps records, and refuses to be destroyed by mistake. */
export const prod: Environment = {
  ...dev,
  name: "prod",
  network: { cidrBlock: "10.1.0.0/16", natGateways: "per-zone", flowLogRetentionInDays: 90 },
  cluster: { ...dev.cluster, logRetentionInDays: 90, deletionProtection: true },
  // Spot GPUs are taken away most often, and their jobs take longest to start again.
  nodePools: { ...nodePools, gpu: { ...nodePools.gpu, capacityType: "ON_DEMAND" } },
  registry: { forceDelete: false },
  results: { forceDestroy: false },
  workload: { ...dev.workload, jobs: [{ ...computation, workers: 50 }] },
  budget: { limitUsdPerMonth: 2000, notifyEmails: ["platform-team@example.com"] },
  s3State: { bucket: "example-terraform-state", region: "us-west-2" },
};

export const environments: readonly Environment[] = [dev, prod];
