import { principalName, principalProblems, publicAccessProblems } from "../../constructs/cluster/cluster-access.ts";
import { clusterZoneProblems } from "../../constructs/cluster/cluster-zones.ts";
import { kubernetesVersionProblems } from "../../constructs/cluster/kubernetes-versions.ts";
import { retentionProblems } from "../../constructs/support/log-retention.ts";
import { type Problem, within } from "../../constructs/support/problems.ts";
import { duplicateProblems } from "./duplicates.ts";
import { checked, type Resolution } from "./resolution.ts";
import type { ClusterSettings } from "./schema.ts";

/** @param zones The environment's zones, or undefined if they are wrong themselves. */
export function resolveCluster(
  cluster: ClusterSettings,
  zones: readonly string[] | undefined,
): Resolution<ClusterSettings> {
  const { kubernetesVersion, addonVersions, administrators, endpointPublicAccessCidrs, logRetentionInDays } = cluster;
  return checked(cluster, [
    ...within(["availabilityZones"], clusterZoneProblems(cluster.availabilityZones, zones)),
    ...kubernetesVersionProblems(kubernetesVersion, addonVersions),
    ...within(["administrators"], administratorProblems(administrators)),
    ...within(["endpointPublicAccessCidrs"], publicAccessProblems(endpointPublicAccessCidrs)),
    ...within(["logRetentionInDays"], retentionProblems(logRetentionInDays)),
  ]);
}

function administratorProblems(arns: readonly string[]): Problem[] {
  const fix = 'name a role, for example "arn:aws:iam::111122223333:role/platform-administrator"';
  if (arns.length === 0) {
    return [
      { path: [], allowed: "a list of at least one IAM role or user, the only ones with access", got: "[]", fix },
    ];
  }
  const allowed =
    "an IAM role or user whose name differs from those before, because the access entry is named after it";
  return [
    ...arns.flatMap((arn, index) => within([index], principalProblems(arn))),
    ...duplicateProblems(arns.map(principalName), allowed, "remove one of the two"),
  ];
}
