export { FlowLogs, type FlowLogsProps } from "./flow-logs.ts";
export { LoadBalancerGroup, type LoadBalancerGroupProps } from "./load-balancer-group.ts";
export {
  type ExistingNetworkAttributes,
  existingNetwork,
  existingNetworkAttributesSchema,
  type INetwork,
  type NatGatewayMode,
  Network,
  type NetworkOptions,
  type NetworkProps,
  natGatewayModes,
  networkDefaults,
  networkOptionsSchema,
} from "./network.ts";
export {
  type InterfaceEndpointService,
  interfaceEndpointServices,
  VpcEndpoints,
  type VpcEndpointsProps,
} from "./vpc-endpoints.ts";
