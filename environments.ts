import { dynamic, fromZero } from "./constructs/pools/capacity.ts";
import type { Taint } from "./constructs/support/kubernetes-syntax.ts";
import type { Environment } from "./stacks/configuration/schema.ts";

// This file describes what the platform deploys, as data. Each environment becomes four stacks, for example dev-platform,
// dev-addons, dev-image and dev-workload. Rest the pointer on a field to read its meaning, unit and default. `npm run synth` checks
// all values and reports every problem at once.

/**
 * The example account of AWS's documentation. Replace it, the administrators and the public access blocks with your own, here or in
 * the environment variables PLATFORM_DEV_ACCOUNT_ID, PLATFORM_DEV_ADMINISTRATORS and PLATFORM_DEV_PUBLIC_ACCESS_CIDRS.
 */
const accountId = "111122223333";

/** Keeps all pods except evaluations off the nodes that are started for evaluations. */
const executorTaint: Taint = { key: "workload-type", value: "executor", effect: "NoSchedule" };
/** Keeps pods that need no GPU off the expensive nodes. NVIDIA's charts tolerate this key by default. */
const gpuTaint: Taint = { key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" };

/** The kinds of nodes on which jobs and services run. Another kind of node is another entry. */
const nodePools = {
  // Services and the cluster's own programs run here, so this pool always has nodes.
  general: {
    instanceTypes: ["t3.large"],
    capacity: dynamic(2, 10),
    labels: { "workload-type": "general" },
  },
  // Evaluations of jobs. Types of equal size are one pool with several spot markets. It costs nothing while no job waits.
  executor: {
    instanceTypes: ["c5.2xlarge", "c5a.2xlarge", "c5d.2xlarge", "c6i.2xlarge"],
    capacity: fromZero(50),
    capacityType: "SPOT",
    labels: { "workload-type": "executor" },
    taints: [executorTaint],
  },
  // A job can name a size in place of a pool: `size: "small"` runs on all pools with the label `executor-size` of that value.
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
    // Container images with CUDA take 10 GiB or more.
    volumeSizeGiB: 100,
    labels: { "workload-type": "executor", "executor-size": "gpu" },
    taints: [gpuTaint],
  },
} satisfies Environment["nodePools"];

/** A sweep over ten million parameters, each evaluated exactly once. docs/jobs.md explains all settings of a job. */
const computation = {
  name: "ttg-computation",
  nodePool: "executor",
  evaluation: "collatz",
  totalParameters: 10_000_000,
  placement: "spread",
} as const;

/** An environment for experiments: few nodes, one NAT gateway, spot instances for evaluations, and a destroy that deletes everything. */
export const dev: Environment = {
  name: "dev",
  accountId,
  region: "us-west-2",
  availabilityZones: ["us-west-2a", "us-west-2b", "us-west-2c"],
  network: { cidrBlock: "10.0.0.0/16", natGateways: "single" },
  cluster: {
    kubernetesVersion: "1.35",
    availabilityZones: ["us-west-2a", "us-west-2b", "us-west-2c"],
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

/** An environment for sweeps that matter: it survives the loss of a zone, keeps logs and results, and cannot be destroyed by mistake. */
export const prod: Environment = {
  ...dev,
  name: "prod",
  network: { cidrBlock: "10.1.0.0/16", natGateways: "per-zone", flowLogRetentionInDays: 90 },
  cluster: { ...dev.cluster, logRetentionInDays: 90, deletionProtection: true },
  // EC2 interrupts GPU spot instances most often, and their jobs take longest to start again.
  nodePools: { ...nodePools, gpu: { ...nodePools.gpu, capacityType: "ON_DEMAND" } },
  registry: { forceDelete: false },
  results: { forceDestroy: false },
  // A machine for each worker, so that the pool grows to its maximum. An evaluation of one thread leaves seven of eight vCPUs idle:
  // `cpuRequestMillis: 1000, cpuLimitMillis: 1000` in place of `placement` puts seven workers on each machine.
  workload: { ...dev.workload, jobs: [{ ...computation, workers: 50, placement: "one-per-node" }] },
  budget: { limitUsdPerMonth: 2000, notifyEmails: ["platform-team@example.com"] },
  s3State: { bucket: "example-terraform-state", region: "us-west-2" },
};

export const environments: readonly Environment[] = [dev, prod];
