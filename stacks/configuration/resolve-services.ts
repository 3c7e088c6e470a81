import { defaultIngressScheme } from "../../constructs/services/ingress-options.ts";
import { ingressProblems } from "../../constructs/services/ingress-problems.ts";
import type { ServiceJobsOptions } from "../../constructs/services/service-jobs-options.ts";
import { serviceJobsProblems } from "../../constructs/services/service-jobs-problems.ts";
import { serviceJobsFolder, servicesNamespace } from "../../constructs/services/services-names.ts";
import { type ServicesOptions, servicesWithDefaults } from "../../constructs/services/services-options.ts";
import { servicesProblems } from "../../constructs/services/services-problems.ts";
import { regionProblems } from "../../constructs/support/aws-regions.ts";
import { type Problem, show, within } from "../../constructs/support/problems.ts";
import { leastCpuMillis } from "../../constructs/workload/worker-job-settings.ts";
import { duplicateProblems } from "./duplicates.ts";
import type { Malformed } from "./malformed.ts";
import { allOf, at, checked, problemsIn, type Resolution, refused, resolved } from "./resolution.ts";
import { isAccountId } from "./resolve-account.ts";
import { type Pooled, resolveSize } from "./resolve-target.ts";
import type { ResolvedEnvironment, ResolvedServiceJobs, ResolvedServices } from "./resolved-environment.ts";
import type { Environment } from "./schema.ts";

export function resolveServices(
  environment: Environment,
  pooled: Pooled,
  alwaysOnPools: Resolution<ResolvedEnvironment["alwaysOnPools"]>,
): Resolution<ResolvedServices | undefined> {
  const { services, workload } = environment;
  if (services === undefined) return resolved(undefined);
  const here = pooled.malformed.in("services");
  const jobs = resolveJobs(services.jobs ?? [], here.in("jobs"), pooled);
  const own = [
    ...here.untouched(servicesProblems(withoutMalformed(services, here))),
    ...resolveIngress(environment, here.in("ingress")),
  ];
  const problems = [
    ...within(["services"], [...own, ...problemsIn(jobs)]),
    ...namespaceProblems(workload.namespace),
    ...folderProblems(environment),
    ...publicSubnetProblems(environment, pooled.malformed, alwaysOnPools),
  ];
  if (!jobs.ok) return refused(problems);
  return checked({ options: servicesWithDefaults(services), jobs: jobs.value }, problems);
}

/** Options in which defaults stand for malformed ones of the numbers, so that the others are compared with something right. */
function withoutMalformed(services: ServicesOptions, malformed: Malformed): ServicesOptions {
  const lenient: Partial<ServicesOptions> = { minReplicas: 1, maxReplicas: 50 };
  return { ...services, ...Object.fromEntries(Object.entries(lenient).filter(([name]) => malformed.in(name).any)) };
}

/** @param malformed as the entry from outside sees it. */
function resolveIngress({ services, region, accountId }: Environment, malformed: Malformed): Problem[] {
  if (services?.ingress === undefined) return [];
  // The certificate's place is compared with a region and an account that are right.
  const place = regionProblems(region).length === 0 && isAccountId(accountId) ? { region, accountId } : undefined;
  return within(["ingress"], malformed.untouched(ingressProblems(services.ingress, place)));
}

/**
 * A network of somebody else has public subnets that only its owner knows. A load balancer without a subnet in a zone sends nothing to the pods
 * there: their targets stay `Target.NotInUse`, so that the pods are never ready and a deploy waits for them in vain.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
 */
function publicSubnetProblems(
  { services, existingNetwork, cluster }: Environment,
  malformed: Malformed,
  alwaysOnPools: Resolution<ResolvedEnvironment["alwaysOnPools"]>,
): Problem[] {
  if (services?.ingress === undefined || existingNetwork === undefined) return [];
  const { scheme = defaultIngressScheme } = services.ingress;
  if (scheme === "internal" || malformed.in("services", "ingress", "scheme").any) return [];
  const path = ["existingNetwork", "publicSubnetIds"];
  if (malformed.in(...path).any) return [];
  const { publicSubnetIds } = existingNetwork;
  if (publicSubnetIds === undefined) {
    const allowed = "given, because the load balancer of services.ingress is internet-facing";
    const fix = 'name a public subnet in each zone (aws ec2 describe-subnets), or use scheme: "internal"';
    return [{ path, allowed, got: "nothing", fix }];
  }
  if (!alwaysOnPools.ok || malformed.in("cluster", "availabilityZones").any) return [];
  const [{ name, availabilityZones: zones = cluster.availabilityZones }] = alwaysOnPools.value;
  const missing = zones.filter((zone) => !Object.hasOwn(publicSubnetIds, zone));
  if (missing.length === 0) return [];
  const allowed = `subnets in ${zones.join(", ")}, the zones of the pool ${show(name)} on which the services run`;
  const fix =
    "the load balancer sends nothing to pods in a zone without a subnet of its own; add a public subnet there, or let the pool do without that zone";
  return [{ path, allowed, got: `none in ${missing.join(", ")}`, fix }];
}

/** @param malformed as the list sees it. */
function resolveJobs(
  jobs: readonly ServiceJobsOptions[],
  malformed: Malformed,
  pooled: Pooled,
): Resolution<readonly ResolvedServiceJobs[]> {
  const each = jobs.map((options, index) => at([index], resolveJob(options, malformed.in(index), pooled)));
  const sizes = jobs.map(({ size }, index) => (malformed.in(index, "size").any ? "" : size));
  const allowed = "different from the sizes of the jobs before it, because a submission names a size";
  const repeated = duplicateProblems(sizes, allowed, "remove one of the two");
  const named = repeated.map((problem) => ({ ...problem, path: [...problem.path, "size"] }));
  return at(["jobs"], named.length === 0 ? allOf(each) : refused([...each.flatMap(problemsIn), ...named]));
}

function resolveJob(
  options: ServiceJobsOptions,
  malformed: Malformed,
  pooled: Pooled,
): Resolution<ResolvedServiceJobs> {
  const target = malformed.in("size").any ? refused([]) : resolveSize(options.size, pooled, false);
  const lenient = withRoomForOthers(options, malformed);
  const problems = malformed.untouched(serviceJobsProblems(lenient, target.ok ? target.value : undefined));
  if (!target.ok) return refused([...target.problems, ...problems]);
  return checked({ options, target: target.value }, problems);
}

/** Options in which malformed requests leave the limits all room, so that no limit is blamed for them. */
function withRoomForOthers(options: ServiceJobsOptions, malformed: Malformed): ServiceJobsOptions {
  const lenient: Partial<ServiceJobsOptions> = { cpuRequestMillis: leastCpuMillis, memoryRequestMiB: 1 };
  return { ...options, ...Object.fromEntries(Object.entries(lenient).filter(([name]) => malformed.in(name).any)) };
}

/** The results of a job are in a folder of its name, and its workers may write all of it. */
function folderProblems({ services, workload }: Environment): Problem[] {
  if (services?.jobs === undefined || services.jobs.length === 0) return [];
  const allowed = `a name other than ${show(serviceJobsFolder)}, which is the folder of the results of jobs of the API`;
  return workload.jobs.flatMap(({ name }, index) =>
    name === serviceJobsFolder
      ? [{ path: ["workload", "jobs", index, "name"], allowed, got: show(name), fix: "rename the job" }]
      : [],
  );
}

/** A pod can mount all Secrets of its namespace, and the pods of sweeps run the code of users. */
function namespaceProblems(namespace: string): Problem[] {
  if (namespace !== servicesNamespace) return [];
  const allowed = `a namespace other than ${show(servicesNamespace)}, which is that of the services`;
  return [{ path: ["workload", "namespace"], allowed, got: show(namespace), fix: 'use for example "sweep"' }];
}
