import {
  CronJobV1,
  type CronJobV1SpecJobTemplateSpecTemplateSpecContainer,
} from "@cdktf/provider-kubernetes/lib/cron-job-v1";
import { NetworkPolicyV1 } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import { RoleBindingV1 } from "@cdktf/provider-kubernetes/lib/role-binding-v1";
import { RoleV1 } from "@cdktf/provider-kubernetes/lib/role-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { kubectlImage } from "../support/kubectl-image.ts";
import { httpsEgress } from "../support/network-rules.ts";
import { restrictedContainerSecurity } from "../support/restricted-pod.ts";
import { workerLabels } from "./worker-pod.ts";

/** Minutes between two looks. A pod has at least one such interval to start, and at most two. */
export const startDeadlineMinutes = 10;
const name = "start-deadline";
/** Marks a pod that had a machine and had not started when somebody last looked. */
const mark = "evaluation-platform/not-started";
const selector = Object.entries(workerLabels)
  .map(([key, value]) => `${key}=${value}`)
  .join(",");

export interface StartDeadlineProps {
  /** The namespace of the workers. */
  readonly namespace: string;
  /** The nodes that it runs on, which are always there. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Resources that must exist before, and outlive it: the namespace. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * Deletes pods of workers that have a machine and do not start, because their image or their Secret is missing. Nothing else would: the
 * kubelet tries for ever, a Job's pod failure policy sees only pods that have ended, and the autoscaler keeps a machine with a pod
 * on it. The Job counts each deletion as a failed start of the worker. After the last one of `backoffLimitPerIndex` it gives the
 * worker up, then itself, and the machines go: after about 20 minutes for each start, which is two and a half hours by default.
 *
 * It looks at the clock of the pods alone, so a healthy run of days never meets it. A deadline of the Job would end such a run, and
 * a deadline of the pods would restart each worker again and again, with up to ten minutes of the Job controller's delay each time.
 * Pods that wait for a machine are left alone too: they hold none, and AWS may be short of machines for hours.
 */
export class StartDeadline extends Construct {
  constructor(scope: Construct, id: string, { namespace, nodeSelector, dependsOn }: StartDeadlineProps) {
    super(scope, id);
    const metadata = {
      name,
      namespace,
      labels: { "app.kubernetes.io/part-of": workerLabels["app.kubernetes.io/part-of"] },
    };
    const account = new ServiceAccountV1(this, "service-account", {
      metadata,
      automountServiceAccountToken: false,
      dependsOn: [...dependsOn],
    });
    const role = new RoleV1(this, "role", {
      metadata,
      rule: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "patch", "delete"] }],
      dependsOn: [...dependsOn],
    });
    const binding = new RoleBindingV1(this, "role-binding", {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subject: [{ kind: "ServiceAccount", name, namespace }],
      dependsOn: [account, role],
    });
    const podLabels = { "app.kubernetes.io/name": name };
    const allowed = new NetworkPolicyV1(this, "allow-api", {
      metadata,
      spec: {
        podSelector: { matchLabels: podLabels },
        policyTypes: ["Egress"],
        egress: [httpsEgress()],
      },
      dependsOn: [...dependsOn],
    });
    new CronJobV1(this, "cron-job", {
      metadata,
      spec: {
        schedule: `*/${startDeadlineMinutes} * * * *`,
        concurrencyPolicy: "Forbid",
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 1,
        jobTemplate: {
          metadata: {},
          spec: {
            backoffLimit: 0,
            // A look takes seconds. Its own pod must not wait for ever either.
            activeDeadlineSeconds: 300,
            template: {
              metadata: { labels: podLabels },
              spec: {
                restartPolicy: "Never",
                serviceAccountName: name,
                automountServiceAccountToken: true,
                enableServiceLinks: false,
                nodeSelector: { ...nodeSelector },
                securityContext: {
                  runAsNonRoot: true,
                  runAsUser: "65534",
                  runAsGroup: "65534",
                  seccompProfile: { type: "RuntimeDefault" },
                },
                // In this order: a pod that is marked now has until the next look to start.
                initContainer: [kubectl("delete-marked", namespace, deleteMarked)],
                container: [kubectl("mark", namespace, markWaiting)],
              },
            },
          },
        },
      },
      dependsOn: [binding, allowed],
    });
  }
}

/** Deletes pods that still wait. A pod that has started since it was marked is no longer `Pending`. */
const deleteMarked = [
  "delete",
  "pods",
  `--selector=${selector},${mark}`,
  "--field-selector=status.phase=Pending",
  "--wait=false",
];
/** Marks pods that have a machine and have not started. */
const markWaiting = [
  "label",
  "pods",
  `--selector=${selector}`,
  "--field-selector=status.phase=Pending,spec.nodeName!=",
  "--overwrite",
  `${mark}=true`,
];

function kubectl(
  container: string,
  namespace: string,
  args: readonly string[],
): CronJobV1SpecJobTemplateSpecTemplateSpecContainer {
  return {
    name: container,
    image: kubectlImage,
    command: ["/bin/kubectl"],
    args: [`--namespace=${namespace}`, ...args],
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
    securityContext: restrictedContainerSecurity(),
  };
}
