export {
  ClusterAutoscaler,
  type ClusterAutoscalerProps,
  clusterAutoscalerDefaults,
  type Expander,
} from "./cluster-autoscaler.ts";
export { clusterAutoscalerPolicy } from "./cluster-autoscaler-policy.ts";
export { Keda, type KedaProps, kedaOperator } from "./keda.ts";
export { NvidiaDevicePlugin, type NvidiaDevicePluginProps } from "./nvidia-device-plugin.ts";
