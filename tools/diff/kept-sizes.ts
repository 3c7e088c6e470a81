import type { SynthesizedStack } from "../support/synthesize.ts";
import { actionOf, type Plan } from "./plan.ts";

/** The numbers of a node group in a state or a plan. */
interface Scaling {
  readonly scaling_config?: readonly [{ readonly desired_size: number; readonly max_size: number }];
}

/**
 * Arguments for another plan, in which the new group of a replaced pool begins with the nodes that the old group has, or with its
 * maximum if that is less. Without them it would begin with the pool's minimum, and the pods of the old nodes would wait for the autoscaler
 * to buy machines. Terraform cannot do it alone: it keeps the size that the autoscaler has decided only of a group that stays.
 */
export function keptSizes({ resource_changes = [] }: Plan, { json }: Pick<SynthesizedStack, "json">): string[] {
  const groups = JSON.parse(json).resource?.aws_eks_node_group ?? {};
  return resource_changes.flatMap(({ address, type, change }) => {
    if (type !== "aws_eks_node_group" || actionOf(change) !== "replace") return [];
    const variable = initialSizeOf(groups[address.slice(type.length + 1)]);
    const [before] = (change.before as Scaling).scaling_config ?? [];
    const [after] = (change.after as Scaling).scaling_config ?? [];
    if (variable === undefined || before === undefined || after === undefined) return [];
    const size = Math.min(before.desired_size, after.max_size);
    return size > after.desired_size ? [`-var=${variable}=${size}`] : [];
  });
}

/** The variable with the number of nodes with which a group begins. A pool of a fixed size has none. */
function initialSizeOf(group: { readonly scaling_config?: { readonly desired_size?: unknown } }): string | undefined {
  return /^\$\{var\.([\w-]+)\}$/.exec(String(group?.scaling_config?.desired_size))?.[1];
}
