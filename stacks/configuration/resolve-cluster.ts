import { principalName, principalProblems, publicAccessProblems } from "../../constructs/cluster/cluster-access.ts";
import { addonNames } from "../../constructs/cluster/cluster-addons.ts";
import { addonVersionsOf, kubernetesVersionProblems } from "../../constructs/cluster/kubernetes-versions.ts";
import { retentionProblems } from "../../constructs/support/log-retention.ts";
import { within } from "../../constructs/support/problems.ts";
import { duplicateProblems } from "./duplicates.ts";
import type { Malformed } from "./malformed.ts";
import { type Resolution, refused, resolved } from "./resolution.ts";
import type { ResolvedCluster } from "./resolved-environment.ts";
import type { ClusterSettings } from "./schema.ts";

export function resolveCluster(cluster: ClusterSettings, malformed: Malformed): Resolution<ResolvedCluster> {
  const { kubernetesVersion, administrators, endpointPublicAccessCidrs, logRetentionInDays } = cluster;
  // A malformed version of an add-on is a given one: the Kubernetes version is not to blame.
  const malformedVersions = addonNames.filter((name) => malformed.in("addonVersions", name).any);
  const given = { ...cluster.addonVersions, ...Object.fromEntries(malformedVersions.map((name) => [name, "given"])) };
  const problems = [
    ...kubernetesVersionProblems(kubernetesVersion, given),
    ...within(["administrators"], administratorProblems(administrators)),
    ...within(["endpointPublicAccessCidrs"], publicAccessProblems(endpointPublicAccessCidrs)),
    ...within(["logRetentionInDays"], retentionProblems(logRetentionInDays)),
  ];
  if (problems.length > 0) return refused(problems);
  return resolved({ ...cluster, addonVersions: addonVersionsOf(kubernetesVersion, given) });
}

function administratorProblems(arns: readonly string[]) {
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
