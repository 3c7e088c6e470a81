import { duplicatesIn, type Problem, show } from "../support/problems.ts";

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html "instanceTypes" */
const mostTypes = 20;
/** @see https://docs.aws.amazon.com/eks/latest/userguide/node-taints-managed-node-groups.html */
const mostTaints = 50;
/** @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html "Tag restrictions" */
const mostGroupTags = 50;
/** EKS's own tags of an auto scaling group: the cluster's and the node group's name, and three by which the autoscaler finds it. */
const eksGroupTags = 5;

interface Lists {
  readonly instanceTypes: readonly string[];
  readonly taints?: readonly unknown[] | undefined;
  readonly availabilityZones?: readonly string[] | undefined;
}

/** Checks the lengths of a pool's lists; `path` starts with the property. */
export function listProblems({ instanceTypes, taints = [], availabilityZones }: Lists): Problem[] {
  return [
    ...atMost("instanceTypes", instanceTypes.length, mostTypes, "types"),
    ...atMost("taints", taints.length, mostTaints, "taints"),
    ...(availabilityZones === undefined ? [] : zoneListProblems(availabilityZones)),
  ];
}

function atMost(property: string, count: number, most: number, what: string): Problem[] {
  if (count <= most) return [];
  const fix = "EKS takes no more for a node group, so remove some or make a second pool";
  return [{ path: [property], allowed: `a list of at most ${most} ${what}`, got: `${count} ${what}`, fix }];
}

function zoneListProblems(zones: readonly string[]): Problem[] {
  const problem = (allowed: string, fix: string): Problem[] => [
    { path: ["availabilityZones"], allowed, got: show(zones), fix },
  ];
  if (zones.length === 0)
    return problem("a list of at least one zone", "name a zone, or remove the property for the zones of the cluster");
  return duplicatesIn(zones).length === 0 ? [] : problem("a list without duplicates", "remove the second one");
}

/** Checks the number of tags that a pool's auto scaling group gets; `path` is that of the labels, which are most of them. */
export function groupTagProblems(autoscalerTags: Readonly<Record<string, string>>): Problem[] {
  const count = Object.keys(autoscalerTags).length;
  const most = mostGroupTags - eksGroupTags;
  if (count <= most) return [];
  const allowed = `labels and taints with at most ${most} tags together, because AWS allows ${mostGroupTags} on an auto scaling group and EKS sets ${eksGroupTags}`;
  const fix = "remove some: each label, taint and resource is a tag, from which the autoscaler knows it";
  return [{ path: ["labels"], allowed, got: `${count} tags`, fix }];
}
