import type { Capacity } from "./capacity.ts";

/** A condition of Terraform on a resource as the plan sees it, and the words with which the plan ends if it is not met. */
interface SizeCondition {
  readonly condition: string;
  readonly errorMessage: string;
}

/**
 * Conditions of a group whose size the autoscaler decides. EKS takes no maximum below the nodes that the group has, and no minimum
 * above them, and a deploy would learn that after it has changed other things. The plan knows it: Terraform reads the present size,
 * and keeps it in place of the configured one.
 */
export function sizeConditions(pool: string, { min, max }: Capacity, region: string): SizeCondition[] {
  const nodes = "self.scaling_config[0].desired_size";
  const has = `pool ${pool} has \${${nodes}} nodes, and EKS takes no`;
  const update = (desired: number) =>
    `aws eks update-nodegroup-config --region ${region} --cluster-name \${self.cluster_name} --nodegroup-name \${self.node_group_name} --scaling-config minSize=${min},maxSize=${max},desiredSize=${desired}`;
  return [
    {
      condition: `\${${nodes} <= self.scaling_config[0].max_size}`,
      errorMessage: `The ${has} maximum below that. Wait until the autoscaler has taken idle nodes away, or drain and end the others now: ${update(max)}`,
    },
    {
      condition: `\${${nodes} >= self.scaling_config[0].min_size}`,
      errorMessage: `The ${has} minimum above that. Start the others first: ${update(min)}`,
    },
  ];
}
