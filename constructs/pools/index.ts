export { type Allocatable, allocatable } from "./allocatable.ts";
export { type Capacity, capacitySchema, dynamic, fixed, fromZero } from "./capacity.ts";
export { type DaemonSet, daemonSets, type NodePod } from "./daemon-sets.ts";
export {
  type Architecture,
  architectures,
  type InstanceType,
  instanceTypeSchema,
  instanceTypes,
} from "./instance-types.ts";
export { NodeGroup, type NodeGroupProps } from "./node-group.ts";
export { NodePool, nodePoolProblems } from "./node-pool.ts";
export {
  type CapacityType,
  capacityTypes,
  type NodePoolOptions,
  type NodePoolProps,
  nodePoolDefaults,
  nodePoolOptionsSchema,
} from "./node-pool-options.ts";
export { NodeRole, type NodeRoleProps } from "./node-role.ts";
export { type ExecutorSize, executorSizes, executorsOfSize, type NodeTarget, roomForPods } from "./node-target.ts";
