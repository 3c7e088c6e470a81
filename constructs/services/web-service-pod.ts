import type { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import type { DeploymentV1SpecTemplate } from "@cdktf/provider-kubernetes/lib/deployment-v1";
import { Fn } from "cdktf";
import {
  cores,
  mebibytes,
  restrictedContainerSecurity,
  restrictedPodSecurity,
  spread,
} from "../support/restricted-pod.ts";
import { terraformText, terraformTexts } from "../support/terraform-text.ts";
import type { ResolvedWebServiceProps } from "./web-service-props.ts";

/** Annotation of a pod with the hash of its files, so that other files replace the pods. */
const filesAnnotation = "evaluation-platform/files-sha256";
/**
 * Seconds from SIGTERM to SIGKILL. A program goes on serving for 30 s, because a load balancer sends requests to a pod for 25 to 40 s after
 * its end was announced (aws-load-balancer-controller#2366), and then ends what is under way.
 */
const terminationGracePeriodSeconds = 60;

/** The pod of a service: restricted, with nothing writable but /tmp. */
export function webServicePod(
  props: ResolvedWebServiceProps,
  labels: Readonly<Record<string, string>>,
  podLabels: Readonly<Record<string, string>>,
  files: ConfigMapV1 | undefined,
): DeploymentV1SpecTemplate {
  const { name, nodes, port, temporaryStorageMiB } = props;
  const mountPath = props.files?.mountPath;
  return {
    metadata: {
      labels: { ...labels },
      annotations: {
        // Its /tmp holds nothing that another pod needs, so that the cluster autoscaler may empty the node.
        // @see https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/FAQ.md#what-types-of-pods-can-prevent-ca-from-removing-a-node
        "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes": "tmp",
        // Terraform computes it, so that it also changes with addresses that only Terraform knows.
        ...(files && { [filesAnnotation]: Fn.sha256(Fn.jsonencode(files.interpolationForAttribute("data"))) }),
      },
    },
    spec: {
      terminationGracePeriodSeconds,
      serviceAccountName: name,
      automountServiceAccountToken: props.usesKubernetesApi ?? false,
      enableServiceLinks: false,
      nodeSelector: { ...nodes.nodeSelector },
      toleration: (nodes.tolerations ?? []).map((toleration) => ({ ...toleration })),
      // The pods of the version that is being replaced do not count, or the new ones would be spread around them.
      topologySpreadConstraint: spread(podLabels).map((constraint) => ({
        ...constraint,
        matchLabelKeys: ["pod-template-hash"],
      })),
      securityContext: restrictedPodSecurity(),
      container: [
        {
          name,
          image: props.image,
          args: (props.args ?? []).map(terraformText),
          env: Object.entries(terraformTexts(props.env ?? {})).map(([variable, value]) => ({ name: variable, value })),
          port: [{ name: "http", containerPort: port, protocol: "TCP" }],
          // `kubectl describe pod` then shows the last lines of the log as the reason of a failure.
          terminationMessagePolicy: "FallbackToLogsOnError",
          startupProbe: { httpGet: get(props.healthPath, port), periodSeconds: 2, failureThreshold: 30 },
          livenessProbe: {
            httpGet: get(props.healthPath, port),
            periodSeconds: 10,
            timeoutSeconds: 5,
            failureThreshold: 3,
          },
          readinessProbe: {
            httpGet: get(props.readyPath, port),
            periodSeconds: 5,
            timeoutSeconds: 5,
            failureThreshold: 2,
          },
          resources: {
            requests: {
              cpu: cores(props.cpuRequestMillis),
              memory: mebibytes(props.memoryRequestMiB),
              "ephemeral-storage": mebibytes(temporaryStorageMiB),
            },
            limits: { memory: mebibytes(props.memoryLimitMiB) },
          },
          securityContext: restrictedContainerSecurity(),
          volumeMount: [
            { name: "tmp", mountPath: "/tmp" },
            ...(mountPath === undefined ? [] : [{ name: "files", mountPath, readOnly: true }]),
          ],
        },
      ],
      volume: [
        { name: "tmp", emptyDir: { sizeLimit: mebibytes(temporaryStorageMiB) } },
        ...(mountPath === undefined ? [] : [{ name: "files", configMap: { name } }]),
      ],
    },
  };
}

function get(path: string, port: number) {
  return { path, port: String(port) };
}
