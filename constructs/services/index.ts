export { type ApiStatementsProps, apiStatements } from "./api-permissions.ts";
export {
  loadBalancerArnPrefix,
  loadBalancerName,
  readinessGateLabel,
  ServicesIngress,
  type ServicesIngressProps,
} from "./ingress.ts";
export {
  type IngressOptions,
  type IngressScheme,
  ingressOptionsSchema,
  ingressSchemes,
  type OidcOptions,
  oidcOptionsSchema,
} from "./ingress-options.ts";
export { PlatformServices, type PlatformServicesProps } from "./platform-services.ts";
export type { ServedSize, ServiceFileProps } from "./service-file.ts";
export { ServiceJobs, type ServiceJobsProps, type SizedJobs } from "./service-jobs.ts";
export { type ServiceJobsOptions, serviceJobsOptionsSchema } from "./service-jobs-options.ts";
export type { Callee } from "./service-traffic.ts";
export { apiName, frontendName, serviceJobsFolder, servicesNamespace } from "./services-names.ts";
export {
  type ResolvedServicesOptions,
  type ServicesOptions,
  servicesDefaults,
  servicesOptionsSchema,
} from "./services-options.ts";
export { WebService } from "./web-service.ts";
export { type ServiceFiles, type WebServiceProps, webServiceDefaults } from "./web-service-props.ts";
