import {
  principalName,
  principalPlaceProblems,
  principalProblems,
  publicAccessProblems,
} from "../../constructs/cluster/cluster-access.ts";
import { clusterZoneProblems } from "../../constructs/cluster/cluster-zones.ts";
import { kubernetesVersionProblems } from "../../constructs/cluster/kubernetes-versions.ts";
import { regionProblems } from "../../constructs/support/aws-regions.ts";
import { retentionProblems } from "../../constructs/support/log-retention.ts";
import { type Problem, within } from "../../constructs/support/problems.ts";
import { duplicateProblems } from "./duplicates.ts";
import type { Malformed } from "./malformed.ts";
import { checked, type Resolution } from "./resolution.ts";
import { isAccountId } from "./resolve-account.ts";
import type { ClusterSettings, Environment } from "./schema.ts";

/** @param zones The environment's zones, or undefined if they are wrong themselves. */
export function resolveCluster(
  environment: Environment,
  zones: readonly string[] | undefined,
  malformed: Malformed,
): Resolution<ClusterSettings> {
  const { cluster } = environment;
  const { kubernetesVersion, addonVersions, endpointPublicAccessCidrs, logRetentionInDays } = cluster;
  const { enabledLogTypes = [] } = cluster;
  const here = malformed.in("cluster");
  return checked(cluster, [
    ...within(["availabilityZones"], clusterZoneProblems(cluster.availabilityZones, zones)),
    ...kubernetesVersionProblems(kubernetesVersion, addonVersions),
    ...within(["administrators"], administratorProblems(environment, here.in("administrators"))),
    ...within(["endpointPublicAccessCidrs"], publicAccessProblems(endpointPublicAccessCidrs)),
    ...within(["enabledLogTypes"], here.in("enabledLogTypes").any ? [] : repeatedLogs(enabledLogTypes)),
    ...within(["logRetentionInDays"], retentionProblems(logRetentionInDays)),
  ]);
}

function repeatedLogs(logs: readonly string[]): Problem[] {
  return duplicateProblems(logs, "different from the logs before it", "remove one of the two");
}

function administratorProblems({ cluster, region, accountId }: Environment, malformed: Malformed): Problem[] {
  const { administrators: arns } = cluster;
  const fix = 'name a role, for example "arn:aws:iam::111122223333:role/platform-administrator"';
  if (arns.length === 0) {
    return [
      { path: [], allowed: "a list of at least one IAM role or user, the only ones with access", got: "[]", fix },
    ];
  }
  const allowed =
    "an IAM role or user whose name differs from those before, because the access entry is named after it";
  const own = [
    ...arns.flatMap((arn, index) => within([index], principalProblems(arn))),
    ...duplicateProblems(arns.map(principalName), allowed, "remove one of the two"),
  ];
  // Their place is compared with a region and an account that are right.
  const isComparable = own.length === 0 && !malformed.any && regionProblems(region).length === 0;
  return isComparable && isAccountId(accountId) ? principalPlaceProblems(arns, region, accountId) : own;
}
