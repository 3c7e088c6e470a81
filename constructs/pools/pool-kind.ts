import { createHash } from "node:crypto";
import { type NodePoolProps, nodePoolDefaults } from "./node-pool-options.ts";

/** The label of every node whose value is {@link poolKind}. The autoscaler divides a purchase among pools with one value. */
export const poolKindLabel = "node-pool-kind";

/**
 * A hash of everything that makes two pools different for a pod or for the bill: machines, their order and purchase option, labels,
 * taints and volumes. Pools that differ in nothing but name, zones and number of nodes are of one kind, for example one pool for each
 * zone. A new option counts by itself, so that no pool is taken for another because somebody forgot it here.
 */
export function poolKind(props: NodePoolProps): string {
  const { name: _, availabilityZones: __, capacity: ___, additionalInstanceTypes: ____, ...options } = props;
  const { labels = nodePoolDefaults.labels, taints = nodePoolDefaults.taints, ...others } = options;
  const given = Object.entries(others).filter(([, value]) => value !== undefined);
  const kind = [
    sorted(Object.entries({ ...nodePoolDefaults, ...Object.fromEntries(given) })),
    sorted(Object.entries(labels)),
    sorted(taints.map(({ key, value = "", effect }) => [key, value, effect])),
  ];
  return createHash("sha256").update(JSON.stringify(kind)).digest("hex").slice(0, 16);
}

/** The order in which labels, taints and options are written means nothing. */
function sorted(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value)).sort();
}
