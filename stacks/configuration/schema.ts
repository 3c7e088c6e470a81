import { z } from "zod";
import { clusterOptionsSchema } from "../../constructs/cluster/cluster.ts";
import { clusterAccessOptionsSchema } from "../../constructs/cluster/cluster-access.ts";
import { clusterAddonsOptionsSchema } from "../../constructs/cluster/cluster-addons.ts";
import { existingNetworkAttributesSchema, networkOptionsSchema } from "../../constructs/network/network.ts";
import { instanceTypeSchema } from "../../constructs/pools/instance-types.ts";
import { nodePoolOptionsSchema } from "../../constructs/pools/node-pool-options.ts";
import { executorSizes } from "../../constructs/pools/node-target.ts";
import { budgetAlarmOptionsSchema } from "../../constructs/storage/budget-alarm.ts";
import { containerRegistryOptionsSchema } from "../../constructs/storage/container-registry.ts";
import { resultsBucketOptionsSchema } from "../../constructs/storage/results-bucket.ts";
import { text as field, number } from "../../constructs/support/fields.ts";
import { duplicatesIn, type Problem, show, throwIfAny, within } from "../../constructs/support/problems.ts";
import { logLevels, partitions, placements } from "../../constructs/workload/worker-job-settings.ts";
import { environmentProblems } from "./checks.ts";
import { schemaProblems } from "./schema-problems.ts";

const text = (example: string) => field({ example });
const wholeNumber = (example: number) => number({ example });

const cluster = z.strictObject({
  ...clusterOptionsSchema.shape,
  ...clusterAccessOptionsSchema.shape,
  ...clusterAddonsOptionsSchema.shape,
});

/** See `WorkerJobSettings` for what each of these is, its unit and its default. */
const job = z
  .strictObject({
    name: text("ttg-computation"),
    /** The pool it runs on; or `size` in its place. */
    nodePool: text("executor").optional(),
    /** All pools with this label `executor-size`. */
    size: z.enum(executorSizes).optional(),
    totalParameters: wholeNumber(10_000_000),
    workers: wholeNumber(3),
    parallelism: wholeNumber(3).optional(),
    batchSize: wholeNumber(10_000).optional(),
    simulateWorkMs: wholeNumber(0).optional(),
    logLevel: z.enum(logLevels).optional(),
    evaluation: text("collatz").optional(),
    evaluationCommand: text("python3 evaluations/evaluate.py").optional(),
    resultColumns: z.array(text("value")).readonly().optional(),
    evaluationTimeoutSeconds: wholeNumber(60).optional(),
    maxFailures: wholeNumber(10_000).optional(),
    seed: wholeNumber(0).optional(),
    partition: z.enum(partitions).optional(),
    s3RequestTimeoutMs: wholeNumber(20_000).optional(),
    placement: z.enum(placements).optional(),
    cpuRequestMillis: wholeNumber(100).optional(),
    memoryRequestMiB: wholeNumber(128).optional(),
    cpuLimitMillis: wholeNumber(500).optional(),
    memoryLimitMiB: wholeNumber(256).optional(),
    gpus: wholeNumber(1).optional(),
    temporaryStorageMiB: wholeNumber(128).optional(),
    backoffLimitPerIndex: wholeNumber(6).optional(),
    maxFailedIndexes: wholeNumber(1).optional(),
    secretName: text("sweep-secrets").optional(),
    runName: text("first-sweep").optional(),
  })
  .readonly();

const workload = z
  .strictObject({
    /** Kubernetes namespace of the jobs, not one of Kubernetes' own. */
    namespace: text("sweep"),
    /** An image built elsewhere. @default - built from worker/ and pushed by `cdktf deploy` */
    image: text("docker.io/example/ttg-worker:1.0.0").optional(),
    /** What the built image stands on, for evaluations in other languages. @default - distroless, see docs/image.md */
    baseImage: text("docker.io/library/python:3.13-slim-bookworm").optional(),
    /** What runs; none leaves the platform idle. */
    jobs: z.array(job).readonly(),
  })
  .readonly();

/** An S3 bucket for Terraform's state, made beforehand; Terraform locks with a file beside the state. */
const s3State = z.strictObject({ bucket: text("my-terraform-state"), region: text("us-west-2") }).readonly();

/** One whole deployment of the platform. */
export const environmentSchema = z
  .strictObject({
    /** Prefix of every stack id and physical name, for example `dev`. */
    name: text("dev"),
    /** The only account this environment may be deployed to; Terraform refuses any other. */
    accountId: text("111122223333"),
    region: text("us-west-2"),
    /** Two to six zones of the region. Adding one at the end moves no subnet. */
    availabilityZones: z.array(text("us-west-2a")).readonly(),
    network: networkOptionsSchema.optional(),
    existingNetwork: existingNetworkAttributesSchema.optional(),
    cluster,
    /** Pools by name. */
    nodePools: z.record(z.string(), nodePoolOptionsSchema),
    /** Figures of instance types that `constructs/pools/instance-types.ts` lacks. @default {} */
    instanceTypes: z.record(z.string(), instanceTypeSchema).optional(),
    /** Images and results: what a destroy may delete. */
    registry: containerRegistryOptionsSchema.optional(),
    results: resultsBucketOptionsSchema.optional(),
    workload,
    /** @default - no alarm */
    budget: budgetAlarmOptionsSchema.optional(),
    /** Tags of every resource, beside `Environment`. @default {} */
    tags: z.record(z.string(), text("research")).readonly().optional(),
    /** @default - local files beside cdktf.json, for one person at one machine */
    s3State: s3State.optional(),
  })
  .readonly();

/** An environment as its author writes it, and, checked, as the stacks get it. */
export type Environment = z.infer<typeof environmentSchema>;

/** Everything that is wrong with an environment, in the order of its fields; empty when it can be deployed. */
export function problemsOf(environment: unknown): Problem[] {
  const malformed = schemaProblems(environmentSchema, environment);
  return [...malformed, ...environmentProblems(environment, malformed)];
}

/**
 * Checks environments and applies what belongs to whoever deploys and not into version control:
 * `PLATFORM_<NAME>_ACCOUNT_ID`, `PLATFORM_<NAME>_ADMINISTRATORS` and `PLATFORM_<NAME>_PUBLIC_ACCESS_CIDRS` (the latter
 * two separated by commas), for example `PLATFORM_DEV_ACCOUNT_ID`. The only reader of the process's environment.
 * @throws InvalidConfigurationError that names every problem of every environment.
 */
export function loadEnvironments(
  environments: readonly unknown[],
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Environment[] {
  const complete = environments.map((environment) => withVariables(environment, variables));
  const names = complete.map(nameOf);
  throwIfAny("the configuration", [
    ...complete.flatMap((environment, index) => within([names[index] ?? index], problemsOf(environment))),
    ...duplicatesIn(names.filter((name) => name !== undefined)).map((name) => ({
      path: [name],
      what: "is the name of two environments",
      got: show(name),
      allowed: "each name once, since it makes the names of stacks",
      fix: "rename one",
    })),
  ]);
  return complete.map((environment) => environmentSchema.parse(environment));
}

function nameOf(environment: unknown): string | undefined {
  const name = (environment as { name?: unknown } | null)?.name;
  return typeof name === "string" ? name : undefined;
}

/** What the names of an environment's variables begin with: `PLATFORM_DEV`. */
export function variablePrefix(name: string): string {
  return `PLATFORM_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
}

function withVariables(environment: unknown, variables: Readonly<Record<string, string | undefined>>): unknown {
  if (typeof environment !== "object" || environment === null) return environment;
  const { name, cluster: written } = environment as { name?: unknown; cluster?: object };
  const prefix = variablePrefix(String(name));
  const list = (key: string) => variables[`${prefix}_${key}`]?.split(",").map((entry) => entry.trim());
  const accountId = variables[`${prefix}_ACCOUNT_ID`];
  const administrators = list("ADMINISTRATORS");
  const endpointPublicAccessCidrs = list("PUBLIC_ACCESS_CIDRS");
  return {
    ...environment,
    ...(accountId !== undefined && { accountId }),
    cluster: {
      ...written,
      ...(administrators && { administrators }),
      ...(endpointPublicAccessCidrs && { endpointPublicAccessCidrs }),
    },
  };
}
