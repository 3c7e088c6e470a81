/** Namespace of the page and of the API, apart from that of sweeps: pods that compute can mount none of its Secrets. */
export const servicesNamespace = "platform-services";
/** Name of the page's Deployment, Service and service account. */
export const frontendName = "frontend";
/** Name of the API's Deployment, Service and service account. */
export const apiName = "api";
/** Folder of the sweeps of Jobs that the API creates, below the root of all results. */
export const serviceJobsFolder = "jobs";
