import { budgetAlarmProblems } from "../../constructs/storage/budget-alarm.ts";
import { resultsBucketProblems } from "../../constructs/storage/results-bucket.ts";
import { dnsLabelProblems } from "../../constructs/support/kubernetes-syntax.ts";
import { type Problem, show, within } from "../../constructs/support/problems.ts";
import type { Malformed } from "./malformed.ts";
import { all, at, checked, problemsIn, type Resolution, refused, resolved } from "./resolution.ts";
import { resolveCluster } from "./resolve-cluster.ts";
import { resolveNetwork, resolveRegion, resolveZones } from "./resolve-network.ts";
import { resolveAlwaysOnPools, resolveInstanceTypes, resolvePools } from "./resolve-pools.ts";
import { resolveWorkload } from "./resolve-workload.ts";
import type { ResolvedEnvironment } from "./resolved-environment.ts";
import { type Environment, environmentSchema } from "./schema.ts";
import { shapeOf } from "./shape.ts";

/**
 * Turns what a user wrote into the model that the stacks receive, or reports every problem of every field at once: a malformed
 * field hides no problem outside itself.
 * @param evaluations Names of the evaluations in a built image.
 */
export function resolveEnvironment(written: unknown, evaluations: readonly string[]): Resolution<ResolvedEnvironment> {
  const { value, problems, malformed } = shapeOf<Environment>(environmentSchema, written);
  const resolution = resolveValues(value, malformed, evaluations);
  if (problems.length === 0) return resolution;
  return refused([...problems, ...malformed.without(problemsIn(resolution))]);
}

function resolveValues(
  environment: Environment,
  malformed: Malformed,
  evaluations: readonly string[],
): Resolution<ResolvedEnvironment> {
  const zones = resolveZones(environment, malformed);
  const knownZones = zones.ok && !malformed.in("availabilityZones").any ? zones.value : undefined;
  const pools = resolvePools(environment, malformed);
  return all<ResolvedEnvironment>({
    name: resolveName(environment.name),
    accountId: resolveAccountId(environment.accountId),
    region: resolveRegion(environment.region),
    availabilityZones: zones,
    network: resolveNetwork(environment, malformed),
    cluster: at(["cluster"], resolveCluster(environment.cluster, knownZones)),
    nodePools: all(pools),
    alwaysOnPools: resolveAlwaysOnPools(environment, pools, malformed),
    instanceTypes: resolveInstanceTypes(environment, malformed),
    workload: resolveWorkload(environment, pools, malformed, evaluations),
    registry: resolved(environment.registry),
    results: checked(environment.results, within(["results"], resultsBucketProblems(environment.results ?? {}))),
    budget: checked(environment.budget, within(["budget"], budgetProblems(environment))),
    tags: resolveTags(environment),
    s3State: resolveState(environment.s3State),
  });
}

function budgetProblems({ budget }: Environment): readonly Problem[] {
  return budget === undefined ? [] : budgetAlarmProblems(budget);
}

function resolveName(name: string): Resolution<string> {
  // "<name>-platform-flow-logs-" must leave room in the 38 characters of an IAM role's prefix.
  return at(["name"], checked(name, dnsLabelProblems(name, 16)));
}

function resolveAccountId(accountId: string): Resolution<string> {
  const fix = "copy yours from aws sts get-caller-identity";
  const problem: Problem = { path: ["accountId"], allowed: "an AWS account of 12 digits", got: show(accountId), fix };
  return checked(accountId, /^\d{12}$/.test(accountId) ? [] : [problem]);
}

/** @see https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
function resolveTags({ name, tags = {} }: Environment): Resolution<ResolvedEnvironment["tags"]> {
  const characters = "letters, digits, spaces and _ . : / = + - @";
  const problems = Object.entries(tags).flatMap(([key, value]): Problem[] => {
    const found: Omit<Problem, "path">[] = [];
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) || /^aws:/i.test(key)) {
      const allowed = `a key without the prefix aws:, of 1 to 128 ${characters}`;
      found.push({ allowed, got: show(key), fix: "rename the tag" });
    }
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value)) {
      found.push({ allowed: `up to 256 ${characters}`, got: show(value), fix: "shorten or change it" });
    }
    if (key === "Environment") {
      found.push({ allowed: "left out, because the platform sets it", got: show(value), fix: "remove the tag" });
    }
    return found.map((problem) => ({ path: [key], ...problem }));
  });
  return checked({ ...tags, Environment: name }, within(["tags"], problems));
}

function resolveState(s3State: Environment["s3State"]): Resolution<Environment["s3State"]> {
  if (s3State === undefined || /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(s3State.bucket)) return resolved(s3State);
  const allowed = "3 to 63 lower-case letters, digits, dots and hyphens";
  const fix = 'use for example "my-terraform-state"';
  return refused([{ path: ["s3State", "bucket"], allowed, got: show(s3State.bucket), fix }]);
}
