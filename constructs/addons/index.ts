export {
  ClusterAutoscaler,
  type ClusterAutoscalerProps,
  clusterAutoscalerDefaults,
  type Expander,
} from "./cluster-autoscaler.ts";
export { clusterAutoscalerPolicy } from "./cluster-autoscaler-policy.ts";
export { Keda, type KedaProps, kedaOperator } from "./keda.ts";
export {
  ingressClassName,
  LoadBalancerController,
  type LoadBalancerControllerProps,
  loadBalancerController,
  type SharedLoadBalancer,
} from "./load-balancer-controller.ts";
export {
  type LoadBalancerControllerPolicyProps,
  loadBalancerControllerPolicy,
} from "./load-balancer-controller-policy.ts";
export { NvidiaDevicePlugin, type NvidiaDevicePluginProps } from "./nvidia-device-plugin.ts";
