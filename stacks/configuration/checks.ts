import { principalName, principalProblems, publicAccessProblems } from "../../constructs/cluster/cluster-access.ts";
import { kubernetesVersionProblems } from "../../constructs/cluster/kubernetes-versions.ts";
import { figuresProblems } from "../../constructs/pools/instance-types.ts";
import { nodePoolProblems } from "../../constructs/pools/node-pool.ts";
import { budgetAlarmProblems } from "../../constructs/storage/budget-alarm.ts";
import { resultsBucketProblems } from "../../constructs/storage/results-bucket.ts";
import { dnsLabelProblems } from "../../constructs/support/kubernetes-syntax.ts";
import { retentionProblems } from "../../constructs/support/log-retention.ts";
import { duplicatesIn, oneOf, type Problem, show, within } from "../../constructs/support/problems.ts";
import { networkProblems, zoneProblems } from "./network-checks.ts";
import type { Environment } from "./schema.ts";
import { workloadProblems } from "./workload-checks.ts";

/** The fields of an environment whose shape is right. */
export type WellFormed = { readonly [Field in keyof Environment]?: Environment[Field] | undefined };

/**
 * What is wrong with an environment beyond its shape. Checks look at well-formed fields only, so that a mistake in one
 * field does not hide those in the others.
 */
export function environmentProblems(environment: unknown, malformed: readonly Problem[]): Problem[] {
  if (typeof environment !== "object" || environment === null) return [];
  const bad = new Set(malformed.map(({ path }) => path[0]));
  const fields: WellFormed = Object.fromEntries(Object.entries(environment).filter(([field]) => !bad.has(field)));
  // A malformed pool hides neither the other pools nor the names that jobs may use.
  const pools = wellFormedPools(environment, malformed);
  return [
    ...nameProblems(fields),
    ...zoneProblems(fields),
    ...networkProblems(fields, pools, bad),
    ...clusterProblems(fields),
    ...poolProblems(fields, pools, bad.has("nodePools")),
    ...instanceTypeProblems(fields),
    ...workloadProblems(fields, pools, environment),
    ...within(["results"], resultsBucketProblems(fields.results ?? {})),
    ...(fields.budget === undefined ? [] : within(["budget"], budgetAlarmProblems(fields.budget))),
    ...tagProblems(fields),
    ...stateProblems(fields),
  ];
}

function wellFormedPools(environment: object, malformed: readonly Problem[]): Environment["nodePools"] {
  const bad = new Set(malformed.filter(({ path }) => path[0] === "nodePools").map(({ path }) => path[1]));
  const pools = (environment as { nodePools?: unknown }).nodePools;
  if (typeof pools !== "object" || pools === null || bad.has(undefined)) return {};
  return Object.fromEntries(Object.entries(pools).filter(([name]) => !bad.has(name)));
}

function nameProblems({ name, accountId }: WellFormed): Problem[] {
  // "<name>-platform-flow-logs-" must leave room in the 38 characters of an IAM role's prefix.
  const problems = name === undefined ? [] : within(["name"], dnsLabelProblems(name, 16));
  if (accountId !== undefined && !/^\d{12}$/.test(accountId)) {
    const what = "is not an AWS account";
    const fix = "aws sts get-caller-identity prints yours";
    problems.push({ path: ["accountId"], what, got: show(accountId), allowed: "12 digits", fix });
  }
  return problems;
}

function clusterProblems({ cluster }: WellFormed): Problem[] {
  if (cluster === undefined) return [];
  const { kubernetesVersion, addonVersions, administrators, endpointPublicAccessCidrs, logRetentionInDays } = cluster;
  const problems = [
    ...kubernetesVersionProblems(kubernetesVersion, addonVersions),
    ...administrators.flatMap((arn, index) => within(["administrators", index], principalProblems(arn))),
    ...within(["endpointPublicAccessCidrs"], publicAccessProblems(endpointPublicAccessCidrs)),
    ...within(["logRetentionInDays"], retentionProblems(logRetentionInDays)),
  ];
  if (administrators.length === 0) {
    const what = "is empty, and nobody could get into the cluster";
    const fix = 'name a role, for example "arn:aws:iam::111122223333:role/platform-administrator"';
    problems.push({ path: ["administrators"], what, got: "[]", allowed: "at least one IAM role or user", fix });
  }
  for (const name of duplicatesIn(administrators.map(principalName))) {
    const allowed = "each name once, since it makes the address of the access entry";
    problems.push({ path: ["administrators"], what: "repeats a name", got: show(name), allowed, fix: "remove one" });
  }
  return within(["cluster"], problems);
}

function poolProblems(fields: WellFormed, pools: Environment["nodePools"], incomplete: boolean): Problem[] {
  const { availabilityZones, instanceTypes } = fields;
  const problems = Object.entries(pools).flatMap(([name, pool]) => {
    const own = nodePoolProblems({ name, ...pool, additionalInstanceTypes: instanceTypes });
    // A pool's name is the field itself.
    const placed = own.map((problem) => (problem.path[0] === "name" ? { ...problem, path: [] } : problem));
    const foreign = (pool.availabilityZones ?? []).flatMap((zone, index): Problem[] => {
      if (availabilityZones === undefined || availabilityZones.includes(zone)) return [];
      const what = "is a zone the environment does not have";
      const fix = "name one of these, or add the zone to availabilityZones";
      return [{ path: ["availabilityZones", index], what, got: show(zone), allowed: oneOf(availabilityZones), fix }];
    });
    return within([name], [...placed, ...foreign]);
  });
  const untainted = Object.entries(pools).filter(([, pool]) => (pool.taints ?? []).length === 0);
  if (!incomplete && !untainted.some(([, pool]) => pool.capacity.min >= 1)) {
    const got = untainted.map(([name, pool]) => `${name} with a minimum of ${pool.capacity.min}`).join(", ");
    problems.push({
      path: [],
      what: "leaves CoreDNS no node to run on",
      got: got === "" ? "no pool without taints" : got,
      allowed: "at least one pool without taints and with a minimum of 1 node or more",
      fix: 'add for example general: { instanceTypes: ["t3.large"], capacity: dynamic(2, 10) }',
    });
  }
  return within(["nodePools"], problems);
}

function instanceTypeProblems({ instanceTypes }: WellFormed): Problem[] {
  return Object.entries(instanceTypes ?? {}).flatMap(([name, figures]) =>
    within(["instanceTypes", name], figuresProblems(figures)),
  );
}

/** @see https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
function tagProblems({ tags }: WellFormed): Problem[] {
  return Object.entries(tags ?? {}).flatMap(([key, value]) => {
    const problems: Problem[] = [];
    const allowed = "1 to 128 letters, digits, spaces and _ . : / = + - @, not beginning with aws:";
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) || /^aws:/i.test(key)) {
      problems.push({ path: [key], what: "is not a tag key", got: show(key), allowed, fix: "rename the tag" });
    }
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value)) {
      const values = "up to 256 letters, digits, spaces and _ . : / = + - @";
      problems.push({
        path: [key],
        what: "has a value AWS refuses",
        got: show(value),
        allowed: values,
        fix: "shorten it",
      });
    }
    if (key === "Environment") {
      const fix = "remove the tag";
      const what = "is set by the platform";
      problems.push({ path: [key], what, got: show(value), allowed: "the environment's name", fix });
    }
    return within(["tags"], problems);
  });
}

function stateProblems({ s3State }: WellFormed): Problem[] {
  if (s3State === undefined || /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(s3State.bucket)) return [];
  const allowed = "3 to 63 lower-case letters, digits, dots and hyphens";
  const fix = 'use for example "my-terraform-state"';
  const what = "is not the name of a bucket";
  return [{ path: ["s3State", "bucket"], what, got: show(s3State.bucket), allowed, fix }];
}
