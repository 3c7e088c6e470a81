import { kubectlImage } from "../support/kubectl-image.ts";

/** The place of the removal, and what it removes. */
export interface KedaRemovalProps {
  /** Namespace of KEDA. */
  readonly namespace: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Namespace whose objects are removed. It need not exist any more. */
  readonly workloadNamespace: string;
}

const name = "keda-removal";
const kinds = ["scaledobjects", "triggerauthentications"] as const;

/**
 * Objects that Helm makes before it removes KEDA: a Job that deletes what KEDA scales by, while KEDA still runs. KEDA's objects carry a
 * finalizer that KEDA alone takes away; without it they, and in the end their namespace, could not be deleted (keda#1231, keda#4898).
 *
 * A destroy finds none of them, because it takes the workload away first. A deploy that removes all executors from an environment needs
 * it: that deploy goes through the stacks in the order in which they were made.
 */
export function kedaRemoval({ namespace, nodeSelector, workloadNamespace }: KedaRemovalProps): object[] {
  const hook = {
    "helm.sh/hook": "pre-delete",
    // Helm deletes them when the removal has succeeded, and those of a failed attempt when it tries again.
    "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
  };
  const account = { name, namespace };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { ...account, annotations: hook } },
    // For all namespaces, because Helm cannot make a Role in one that is gone.
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name, annotations: hook },
      rules: [{ apiGroups: ["keda.sh"], resources: kinds, verbs: ["get", "list", "watch", "delete"] }],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name, annotations: hook },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", ...account }],
    },
    {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { ...account, annotations: hook },
      spec: {
        backoffLimit: 2,
        // Helm itself would wait for ten minutes.
        activeDeadlineSeconds: 300,
        template: {
          spec: {
            restartPolicy: "Never",
            serviceAccountName: name,
            nodeSelector,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65534,
              runAsGroup: 65534,
              seccompProfile: { type: "RuntimeDefault" },
            },
            containers: [
              {
                name: "kubectl",
                image: kubectlImage,
                command: ["/bin/kubectl"],
                args: [
                  "delete",
                  kinds.map((kind) => `${kind}.keda.sh`).join(","),
                  "--all",
                  `--namespace=${workloadNamespace}`,
                  "--wait=true",
                  "--timeout=100s",
                ],
                resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "128Mi" } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ["ALL"] },
                },
              },
            ],
          },
        },
      },
    },
  ];
}
