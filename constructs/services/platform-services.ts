import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { NodePool } from "../pools/node-pool.ts";
import { RestrictedNamespace } from "../workload/restricted-namespace.ts";
import { ApiRole } from "./api-permissions.ts";
import { type ServiceFileProps, serviceFile } from "./service-file.ts";
import { apiName, frontendName, servicesNamespace } from "./services-names.ts";
import type { ResolvedServicesOptions } from "./services-options.ts";
import { WebService } from "./web-service.ts";

/** Folder of the API's configuration in its container. */
const configurationFolder = "/etc/sweep";
const configurationFile = "service.json";

/**
 * Requests of the page's pods and of the API's, for whom a limit of CPU would only make answers slow. With 200 viewers, or 20 uploads of
 * 4 MB at a time, they use up to 155 and 281 MiB.
 */
export const servicesRequests = {
  frontend: { cpuRequestMillis: 50, memoryRequestMiB: 64, memoryLimitMiB: 192 },
  api: { cpuRequestMillis: 100, memoryRequestMiB: 128, memoryLimitMiB: 384 },
} as const;

export interface PlatformServicesProps extends ServiceFileProps {
  readonly options: ResolvedServicesOptions;
  /** Reference of the worker's image. */
  readonly image: string;
  /** The pool that always has nodes. */
  readonly nodes: Pick<NodePool, "nodeSelector" | "tolerations">;
  /** Place of all results, for example `s3://bucket/runs`. */
  readonly resultsRoot: string;
  /** Region of the bucket. */
  readonly region: string;
  /** Minor version of Kubernetes, for example `1.35`. */
  readonly kubernetesVersion: string;
  /** Labels of the services' namespace beside those of the Pod Security Standard. @default {} */
  readonly namespaceLabels?: Readonly<Record<string, string>> | undefined;
  /** Blocks of addresses that call the page, such as the subnets of a load balancer. @default [] */
  readonly callerCidrBlocks?: readonly string[] | undefined;
  /** Resources that must exist before and outlive it: the namespace of the pods that compute. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * The page and the API for sweeps, in a namespace of their own. Nothing of it is reachable from outside the cluster: `npm run ui` goes
 * through the Kubernetes API, and `callerCidrBlocks` lets a load balancer in. The page's pods reach the API and nothing else; only the API
 * has an identity and a token.
 */
export class PlatformServices extends Construct {
  readonly namespace: RestrictedNamespace;
  readonly frontend: WebService;
  readonly api: WebService;

  constructor(scope: Construct, id: string, props: PlatformServicesProps) {
    super(scope, id);
    const { image, nodes, options } = props;
    this.namespace = new RestrictedNamespace(this, "namespace", {
      name: servicesNamespace,
      kubernetesVersion: props.kubernetesVersion,
      labels: props.namespaceLabels,
    });
    const role = new ApiRole(this, "api-role", { namespace: props.namespace, dependsOn: props.dependsOn });
    const common = {
      namespace: servicesNamespace,
      image,
      nodes,
      minReplicas: options.minReplicas,
      maxReplicas: options.maxReplicas,
    };
    this.api = new WebService(this, apiName, {
      ...common,
      ...servicesRequests.api,
      name: apiName,
      args: [
        "serve",
        ...["--host", "0.0.0.0"],
        ...["--results", props.resultsRoot],
        ...["--configuration", `${configurationFolder}/${configurationFile}`],
      ],
      // Without it the SDK asks the instance's metadata, which pods cannot reach.
      env: { AWS_REGION: props.region },
      files: {
        mountPath: configurationFolder,
        contents: { [configurationFile]: JSON.stringify(serviceFile(props), undefined, 2) },
      },
      usesAws: true,
      usesKubernetesApi: true,
      dependsOn: [...this.namespace.dependables, ...role.dependables],
    });
    this.frontend = new WebService(this, frontendName, {
      ...common,
      ...servicesRequests.frontend,
      name: frontendName,
      args: [
        ...["serve", "--page", "--host", "0.0.0.0", "--api", `http://${apiName}`],
        ...(options.ingress === undefined ? [] : ["--allow-host", options.ingress.host]),
      ],
      calls: [this.api],
      callerCidrBlocks: props.callerCidrBlocks,
      dependsOn: this.namespace.dependables,
    });
  }
}
