import type { ITerraformDependable } from "cdktf";
import type { Toleration } from "../support/kubernetes-syntax.ts";
import type { Callee } from "./service-traffic.ts";

/** Defaults of the props of services. */
export const webServiceDefaults = {
  port: 8080,
  healthPath: "/health",
  readyPath: "/ready",
  minReplicas: 2,
  maxReplicas: 5,
  temporaryStorageMiB: 64,
} as const satisfies Partial<WebServiceProps>;

/** Props of a service, all defaults of {@link webServiceDefaults} applied. */
export type ResolvedWebServiceProps = WebServiceProps & {
  readonly [Name in keyof typeof webServiceDefaults]: NonNullable<WebServiceProps[Name]>;
};

export interface WebServiceProps {
  /** Name of the Deployment, the Service and the service account: a DNS label. Others call it `http://<name>`. */
  readonly name: string;
  /** A namespace that denies all traffic, such as a `RestrictedNamespace`. */
  readonly namespace: string;
  /** Reference of the image, for example `ghcr.io/example/gateway:1.4.0`. */
  readonly image: string;
  /** Arguments of the image's program. @default [] */
  readonly args?: readonly string[] | undefined;
  /** Environment variables. They are readable in Terraform's state, so that they may hold no secret. @default {} */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** A folder with files, for example of configuration. A change of a file replaces the pods. @default - none */
  readonly files?: ServiceFiles | undefined;
  /** Port of the container, on which it also answers the probes. @default 8080 */
  readonly port?: number | undefined;
  /** Path that answers 200 while the process works. Kubernetes restarts a container that does not answer. @default "/health" */
  readonly healthPath?: string | undefined;
  /** Path that answers 200 while the service can serve. Other answers take the pod out of the Service. @default "/ready" */
  readonly readyPath?: string | undefined;
  /** Replicas that always run, a whole number from 1. @default 2 */
  readonly minReplicas?: number | undefined;
  /** Replicas at most. Kubernetes adds one when they use more than 70 % of the CPU that they request. @default 5 */
  readonly maxReplicas?: number | undefined;
  /** CPU that the scheduler reserves for a pod, in thousandths of a core. It may use all that its node has idle. */
  readonly cpuRequestMillis: number;
  /** Memory that the scheduler reserves for a pod, in MiB. */
  readonly memoryRequestMiB: number;
  /** Memory that a pod can use at most, in MiB. */
  readonly memoryLimitMiB: number;
  /** Size of /tmp in MiB, the only place where a pod can write. @default 64 */
  readonly temporaryStorageMiB?: number | undefined;
  /** The nodes that it runs on, which should always be there. A `NodePool` has both. */
  readonly nodes: {
    readonly nodeSelector: Readonly<Record<string, string>>;
    readonly tolerations?: readonly Toleration[];
  };
  /** Services that it calls. Each lets it in, and nobody else who does not call it. @default [] */
  readonly calls?: readonly Callee[] | undefined;
  /** Blocks of addresses that call it, for example the subnets of a load balancer: `10.0.0.0/20`. @default [] */
  readonly callerCidrBlocks?: readonly string[] | undefined;
  /** Whether it reaches services of AWS, with the identity that the platform binds to its service account. @default false */
  readonly usesAws?: boolean | undefined;
  /** Whether its pods get the token of their service account, and reach the Kubernetes API. @default false */
  readonly usesKubernetesApi?: boolean | undefined;
  /** Resources that must exist before the pods and outlive them: the namespace and its policies. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Files in a folder of a container. */
export interface ServiceFiles {
  /** Path of the folder, for example `/etc/sweep`. */
  readonly mountPath: string;
  /** Contents by the names of the files. */
  readonly contents: Readonly<Record<string, string>>;
}

/** Props with a default for each that is left out. */
export function webServiceWithDefaults(props: WebServiceProps): ResolvedWebServiceProps {
  const given = Object.entries(props).filter(([, value]) => value !== undefined);
  return {
    ...webServiceDefaults,
    ...(Object.fromEntries(given) as unknown as WebServiceProps),
  } as ResolvedWebServiceProps;
}
