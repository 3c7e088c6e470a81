import { reservedBucketPrefixes } from "../../constructs/storage/bucket-names.ts";
import { budgetAlarmProblems } from "../../constructs/storage/budget-alarm.ts";
import { resultsBucketProblems } from "../../constructs/storage/results-bucket.ts";
import { dnsLabelProblems } from "../../constructs/support/kubernetes-syntax.ts";
import { type Problem, show, within } from "../../constructs/support/problems.ts";
import type { ImageEvaluations } from "../../constructs/workload/image-files.ts";
import type { Malformed } from "./malformed.ts";
import { all, at, checked, problemsIn, type Resolution, refused, resolved } from "./resolution.ts";
import { resolveAccountId } from "./resolve-account.ts";
import { resolveCluster } from "./resolve-cluster.ts";
import { resolveNetwork, resolveRegion, resolveZones } from "./resolve-network.ts";
import { resolveAlwaysOnPools, resolveInstanceTypes, resolvePools } from "./resolve-pools.ts";
import { resolveServices } from "./resolve-services.ts";
import { resolveState } from "./resolve-state.ts";
import { resolveTags } from "./resolve-tags.ts";
import { resolveWorkload } from "./resolve-workload.ts";
import type { ResolvedEnvironment } from "./resolved-environment.ts";
import { type Environment, environmentSchema } from "./schema.ts";
import { shapeOf } from "./shape.ts";

/**
 * Turns what a user wrote into the model that the stacks receive, or reports every problem of every field at once: a malformed
 * field hides no problem outside itself.
 * @param evaluations The evaluations in a built image.
 * @param override Values of environment variables in the place of what is written.
 */
export function resolveEnvironment(
  written: unknown,
  evaluations: ImageEvaluations,
  override?: (environment: unknown) => unknown,
): Resolution<ResolvedEnvironment> {
  const { value, problems, malformed } = shapeOf<Environment>(environmentSchema, written, override);
  const resolution = resolveValues(value, malformed, evaluations);
  if (problems.length === 0) return resolution;
  return refused([...problems, ...malformed.without(problemsIn(resolution))]);
}

function resolveValues(
  environment: Environment,
  malformed: Malformed,
  evaluations: ImageEvaluations,
): Resolution<ResolvedEnvironment> {
  const zones = resolveZones(environment, malformed);
  const knownZones = zones.ok && !malformed.in("availabilityZones").any ? zones.value : undefined;
  const pools = resolvePools(environment, malformed);
  const alwaysOnPools = resolveAlwaysOnPools(environment, pools, malformed);
  return all<ResolvedEnvironment>({
    name: resolveName(environment.name),
    accountId: resolveAccountId(environment.accountId),
    region: resolveRegion(environment.region),
    availabilityZones: zones,
    network: resolveNetwork(environment, malformed),
    cluster: at(["cluster"], resolveCluster(environment, knownZones, malformed)),
    nodePools: all(pools),
    alwaysOnPools,
    instanceTypes: resolveInstanceTypes(environment, malformed),
    workload: resolveWorkload(environment, pools, malformed, evaluations),
    services: resolveServices(environment, { pools, nodePools: environment.nodePools, malformed }, alwaysOnPools),
    registry: resolved(environment.registry),
    results: checked(environment.results, within(["results"], resultsBucketProblems(environment.results ?? {}))),
    budget: checked(environment.budget, within(["budget"], budgetProblems(environment))),
    tags: resolveTags(environment),
    s3State: resolveState(environment),
  });
}

function budgetProblems({ budget }: Environment): readonly Problem[] {
  return budget === undefined ? [] : budgetAlarmProblems(budget);
}

/** Beginnings that AWS keeps for itself: the names of the bucket and of security groups begin with the environment's. */
const reservedNames = [...reservedBucketPrefixes, "sg-"];

function resolveName(name: string): Resolution<string> {
  // "<name>-platform-flow-logs-" must leave room in the 38 characters of an IAM role's prefix.
  const problems = dnsLabelProblems(name, 16);
  const reserved = reservedNames.find((prefix) => `${name}-`.startsWith(prefix));
  if (reserved !== undefined) {
    const allowed = `a name that does not begin with ${reserved}`;
    problems.push({
      path: [],
      allowed,
      got: show(name),
      fix: 'AWS reserves names of buckets or security groups that begin so; use for example "dev"',
    });
  }
  return at(["name"], checked(name, problems));
}
