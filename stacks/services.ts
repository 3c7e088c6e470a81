import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { type ExecutorSize, executorSizes, type NodeTarget } from "../constructs/pools/node-target.ts";
import { PlatformServices } from "../constructs/services/platform-services.ts";
import type { ServedSize } from "../constructs/services/service-file.ts";
import { ServiceJobs } from "../constructs/services/service-jobs.ts";
import { serviceJobsFolder } from "../constructs/services/services-names.ts";
import type { ContainerImage } from "../constructs/workload/worker-image.ts";
import type { ResolvedEnvironment } from "./configuration/resolved-environment.ts";
import { type PlatformStack, resultsPrefix } from "./platform-stack.ts";
import { hourlyUsd } from "./prices/price-table.ts";
import { behindLoadBalancer, createIngress } from "./services-ingress.ts";

export interface ServicesProps {
  readonly environment: ResolvedEnvironment;
  readonly platform: PlatformStack;
  readonly image: ContainerImage;
  /** The namespace of the pods that compute. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** The page and the API of an environment, or undefined if it has none. */
export function createServices(scope: Construct, props: ServicesProps): PlatformServices | undefined {
  const { environment, platform, image, dependsOn } = props;
  const { services, workload, region, alwaysOnPools } = environment;
  if (services === undefined) return undefined;
  const jobs = createJobs(scope, props);
  const made = new PlatformServices(scope, "services", {
    environment: environment.name,
    namespace: workload.namespace,
    sizes: servedSizes(environment, platform, jobs),
    options: services.options,
    image: image.reference,
    nodes: alwaysOnPools[0],
    resultsRoot: platform.resultsUrlOf(resultsPrefix),
    region,
    kubernetesVersion: platform.cluster.kubernetesVersion,
    ...behindLoadBalancer(environment, platform),
    // The API knows a template only after its fence does, and has no permission without one.
    dependsOn: [...dependsOn, ...(jobs?.dependables ?? [])],
  });
  createIngress(scope, environment, platform, made.frontend);
  return made;
}

/** The Jobs that the API may create, or undefined if it may create none. */
function createJobs(scope: Construct, props: ServicesProps): ServiceJobs | undefined {
  const { environment, platform, image, dependsOn } = props;
  const { services, workload, region } = environment;
  const [first, ...others] = services?.jobs ?? [];
  if (services === undefined || first === undefined) return undefined;
  return new ServiceJobs(scope, "service-jobs", {
    jobs: [first, ...others],
    namespace: workload.namespace,
    image,
    region,
    resultsRoot: platform.resultsUrlOf(platform.resultsPrefixOf(serviceJobsFolder)),
    allowCommands: services.options.allowCommands,
    otherJobs: workload.jobs.length,
    dependsOn,
  });
}

/** The sizes on which sweeps can run, smallest first. */
function servedSizes(
  environment: ResolvedEnvironment,
  { workQueues }: PlatformStack,
  created: ServiceJobs | undefined,
): ServedSize[] {
  const { workload, services } = environment;
  return executorSizes.flatMap((size) => {
    const executors = workload.executors.find(({ options }) => options.size === size);
    const jobs = services?.jobs.find(({ options }) => options.size === size);
    const target = executors?.target ?? jobs?.target;
    const queue = workQueues.get(size);
    const job = created?.sizes.get(size);
    if (target === undefined) return [];
    return [
      {
        size,
        target,
        hourlyUsd: priceOf(size, target, environment),
        ...(executors && queue && { executors: { options: executors.options, queue } }),
        ...(job && { job }),
      },
    ];
  });
}

/** The price of a machine of the first pool of a size. */
function priceOf(size: ExecutorSize, { instanceTypes }: NodeTarget, { region, nodePools }: ResolvedEnvironment) {
  const pool = Object.values(nodePools).find(({ labels }) => labels["executor-size"] === size);
  return pool && hourlyUsd(region, { ...pool, instanceTypes });
}
