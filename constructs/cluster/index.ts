export {
  Cluster,
  type ClusterOptions,
  type ClusterProps,
  type ControlPlaneLogType,
  clusterDefaults,
  clusterOptionsSchema,
  controlPlaneLogTypes,
  type ExistingClusterAttributes,
  existingCluster,
  type ICluster,
} from "./cluster.ts";
export { type ClusterAccessOptions, clusterAccessOptionsSchema, principalName } from "./cluster-access.ts";
export { NodeAddons, type NodeAddonsProps, WorkloadAddons, type WorkloadAddonsProps } from "./cluster-addons.ts";
export {
  type AddonName,
  addonNames,
  type ClusterAddonsOptions,
  clusterAddonsOptionsSchema,
  type KubernetesMinor,
  kubernetesMinors,
  type NodeAddonName,
  type WorkloadAddonName,
} from "./kubernetes-versions.ts";
export { PodIdentityRole, type PodIdentityRoleProps } from "./pod-identity-role.ts";
