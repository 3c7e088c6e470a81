import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { DeploymentV1 } from "@cdktf/provider-kubernetes/lib/deployment-v1";
import { HorizontalPodAutoscalerV2 } from "@cdktf/provider-kubernetes/lib/horizontal-pod-autoscaler-v2";
import { PodDisruptionBudgetV1 } from "@cdktf/provider-kubernetes/lib/pod-disruption-budget-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import { ServiceV1 } from "@cdktf/provider-kubernetes/lib/service-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { show, throwIfAny } from "../support/problems.ts";
import { terraformTexts } from "../support/terraform-text.ts";
import { allowCalls } from "./service-traffic.ts";
import { webServicePod } from "./web-service-pod.ts";
import { webServiceProblems } from "./web-service-problems.ts";
import { type WebServiceProps, webServiceWithDefaults } from "./web-service-props.ts";

/** The port of a Kubernetes Service. */
const servicePort = 80;
/** Percent of the requested CPU at which Kubernetes adds a replica. */
const cpuUtilization = 70;

/**
 * A service of pods that answer HTTP and keep nothing: a Deployment that scales with its CPU, reached under its name inside the cluster by
 * those who declare that they call it.
 *
 * No request fails while its pods are replaced, if its program goes on serving for some seconds after SIGTERM: Kubernetes starts the new
 * pod first, and those who send requests hear of the end of the old one with a delay.
 */
export class WebService extends Construct {
  /** The underlying `kubernetes_deployment_v1`, for settings without an option here. */
  readonly resource: DeploymentV1;
  /** The underlying `kubernetes_service_v1`. */
  readonly service: ServiceV1;
  /** Name of the Deployment, the Service and the service account. */
  readonly serviceName: string;
  readonly namespace: string;
  /** Port of the container. */
  readonly port: number;
  /** Address inside the cluster, for example `http://api.platform-services`. */
  readonly url: string;
  /** Labels of its pods, and of no others in the namespace. */
  readonly podLabels: Readonly<Record<string, string>>;
  /** The namespace and its policies, as the props have named them. */
  readonly namespaceDependables: readonly ITerraformDependable[];
  /** The pods and the Service. An Ingress depends on them, so that it is destroyed first. */
  readonly dependables: readonly ITerraformDependable[];

  /** @throws InvalidConfigurationError with everything that is wrong with the props. */
  constructor(scope: Construct, id: string, props: WebServiceProps) {
    super(scope, id);
    throwIfAny(`web service ${show(props.name)}`, webServiceProblems(props));
    const resolved = webServiceWithDefaults(props);
    const { name, namespace, port, minReplicas, maxReplicas, dependsOn } = resolved;
    this.serviceName = name;
    this.namespace = namespace;
    this.port = port;
    this.url = `http://${name}.${namespace}`;
    this.podLabels = { "app.kubernetes.io/name": name };
    this.namespaceDependables = dependsOn;
    const labels = {
      ...this.podLabels,
      "app.kubernetes.io/part-of": "evaluation-platform",
      "app.kubernetes.io/managed-by": "terraform",
    };
    const metadata = { name, namespace, labels };
    const selector = { matchLabels: { ...this.podLabels } };

    const account = new ServiceAccountV1(this, "service-account", {
      metadata,
      automountServiceAccountToken: false,
      dependsOn: [...dependsOn],
    });
    const configMap =
      props.files &&
      new ConfigMapV1(this, "files", {
        metadata,
        data: terraformTexts(props.files.contents),
        dependsOn: [...dependsOn],
      });
    const policies = allowCalls(this, this, props);
    this.resource = new DeploymentV1(this, "deployment", {
      metadata,
      spec: {
        replicas: String(minReplicas),
        selector,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "1", maxUnavailable: "0" } },
        template: webServicePod(resolved, labels, this.podLabels, configMap),
      },
      // Otherwise each deploy would undo what the autoscaler has decided (terraform-provider-kubernetes#584).
      lifecycle: { ignoreChanges: ["spec[0].replicas"] },
      dependsOn: [account, ...(configMap === undefined ? [] : [configMap]), ...policies, ...dependsOn],
    });
    this.service = new ServiceV1(this, "service", {
      metadata,
      spec: {
        type: "ClusterIP",
        selector: { ...this.podLabels },
        port: [{ name: "http", port: servicePort, targetPort: String(port), protocol: "TCP" }],
      },
      dependsOn: [...dependsOn],
    });
    new HorizontalPodAutoscalerV2(this, "autoscaler", {
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
        minReplicas,
        maxReplicas,
        metric: [
          {
            type: "Resource",
            resource: { name: "cpu", target: { type: "Utilization", averageUtilization: cpuUtilization } },
          },
        ],
      },
      dependsOn: [this.resource],
    });
    // The autoscaler of nodes and an update of a node group evict one pod after the other.
    new PodDisruptionBudgetV1(this, "disruption-budget", {
      metadata,
      spec: { maxUnavailable: "1", selector },
      dependsOn: [...dependsOn],
    });
    this.dependables = [this.resource, this.service];
  }
}
