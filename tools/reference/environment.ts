import type { z } from "zod";
import { existingNetworkAttributesSchema, networkOptionsSchema } from "../../constructs/network/network.ts";
import { capacitySchema } from "../../constructs/pools/capacity.ts";
import { instanceTypeSchema } from "../../constructs/pools/instance-types.ts";
import { nodePoolOptionsSchema } from "../../constructs/pools/node-pool-options.ts";
import { budgetAlarmOptionsSchema } from "../../constructs/storage/budget-alarm.ts";
import { containerRegistryOptionsSchema } from "../../constructs/storage/container-registry.ts";
import { resultsBucketOptionsSchema } from "../../constructs/storage/results-bucket.ts";
import { taintSchema } from "../../constructs/support/kubernetes-syntax.ts";
import {
  clusterSettingsSchema,
  environmentSchema,
  s3StateSchema,
  workloadSchema,
} from "../../stacks/configuration/schema.ts";

/** A part of an environment that has a table of its own. */
export interface EnvironmentPart {
  /** Heading; the whole environment has none. */
  readonly title?: string;
  readonly introduction: string;
  /** The file of the interface, below the repository. */
  readonly file: string;
  /** The interface with the documentation. */
  readonly name: string;
  readonly shape: Readonly<Record<string, z.ZodType>>;
}

const schemaFile = "stacks/configuration/schema.ts";

/** The interfaces of an environment, in the order of its fields. */
export const environmentParts: readonly EnvironmentPart[] = [
  {
    introduction: "The fields of the whole environment:",
    file: schemaFile,
    name: "Environment",
    shape: environmentSchema.shape,
  },
  {
    title: "network",
    introduction: "A VPC to create.",
    file: "constructs/network/network.ts",
    name: "NetworkOptions",
    shape: networkOptionsSchema.shape,
  },
  {
    title: "existingNetwork",
    introduction: "A VPC that exists already.",
    file: "constructs/network/network.ts",
    name: "ExistingNetworkAttributes",
    shape: existingNetworkAttributesSchema.shape,
  },
  {
    title: "cluster",
    introduction: "The EKS control plane.",
    file: schemaFile,
    name: "ClusterSettings",
    shape: clusterSettingsSchema.shape,
  },
  {
    title: "nodePools",
    introduction: "The options of one pool. Its name is its key.",
    file: "constructs/pools/node-pool-options.ts",
    name: "NodePoolOptions",
    shape: nodePoolOptionsSchema.shape,
  },
  {
    title: "capacity of a pool",
    introduction: "The functions `fixed(nodes)`, `dynamic(min, max)` and `fromZero(max)` write it.",
    file: "constructs/pools/capacity.ts",
    name: "Capacity",
    shape: capacitySchema.shape,
  },
  {
    title: "taints of a pool",
    introduction: "One taint:",
    file: "constructs/support/kubernetes-syntax.ts",
    name: "Taint",
    shape: taintSchema.shape,
  },
  {
    title: "instanceTypes",
    introduction: "The figures of one EC2 instance type. Its name is its key.",
    file: "constructs/pools/instance-types.ts",
    name: "InstanceType",
    shape: instanceTypeSchema.shape,
  },
  {
    title: "registry",
    introduction: "The repository of the worker's image.",
    file: "constructs/storage/container-registry.ts",
    name: "ContainerRegistryOptions",
    shape: containerRegistryOptionsSchema.shape,
  },
  {
    title: "results",
    introduction: "The bucket with the results of all jobs.",
    file: "constructs/storage/results-bucket.ts",
    name: "ResultsBucketOptions",
    shape: resultsBucketOptionsSchema.shape,
  },
  {
    title: "workload",
    introduction: "The jobs, their namespace and their image.",
    file: schemaFile,
    name: "Workload",
    shape: workloadSchema.shape,
  },
  {
    title: "budget",
    introduction: "Mail when the account spends too much in a month.",
    file: "constructs/storage/budget-alarm.ts",
    name: "BudgetAlarmOptions",
    shape: budgetAlarmOptionsSchema.shape,
  },
  {
    title: "s3State",
    introduction: "An existing S3 bucket for Terraform's state.",
    file: schemaFile,
    name: "S3State",
    shape: s3StateSchema.shape,
  },
];
