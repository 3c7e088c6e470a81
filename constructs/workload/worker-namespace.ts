import { NamespaceV1 } from "@cdktf/provider-kubernetes/lib/namespace-v1";
import { NetworkPolicyV1, type NetworkPolicyV1SpecEgress } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { workerLabels } from "./worker-pod.ts";

export interface WorkerNamespaceProps {
  readonly name: string;
  /** Names of the service accounts of workers and executors. The platform binds a role to each. */
  readonly serviceAccounts: readonly string[];
  /** Minor version of Kubernetes whose definition of the restricted Pod Security Standard applies, for example `1.35`. */
  readonly kubernetesVersion: string;
}

/**
 * A namespace with restricted pods and without network traffic, except that workers and executors reach DNS, their AWS credentials, S3
 * and SQS.
 */
export class WorkerNamespace extends Construct {
  readonly namespace: string;
  /** Resources that pods depend on. Terraform destroys the pods first. */
  readonly dependables: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: WorkerNamespaceProps) {
    super(scope, id);
    const namespace = new NamespaceV1(this, "namespace", {
      metadata: { name: props.name, labels: podSecurityLabels(props.kubernetesVersion) },
      timeouts: { delete: "15m" },
    });
    // A text and not a reference, since a hash over it names a Job.
    this.namespace = props.name;
    const serviceAccounts = props.serviceAccounts.map(
      (name) =>
        new ServiceAccountV1(this, `service-account-${name}`, {
          metadata: { name, namespace: props.name, labels: { ...workerLabels } },
          automountServiceAccountToken: false,
          dependsOn: [namespace],
        }),
    );
    const denied = new NetworkPolicyV1(this, "deny-all", {
      metadata: { name: "deny-all", namespace: props.name },
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
      dependsOn: [namespace],
    });
    const allowed = new NetworkPolicyV1(this, "allow-workers", {
      metadata: { name: "allow-workers", namespace: props.name },
      spec: { podSelector: { matchLabels: { ...workerLabels } }, policyTypes: ["Egress"], egress: workerEgress() },
      dependsOn: [namespace],
    });
    this.dependables = [namespace, ...serviceAccounts, denied, allowed];
  }
}

/** @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
function podSecurityLabels(version: string): Record<string, string> {
  const modes = ["enforce", "audit", "warn"];
  return Object.fromEntries(
    modes.flatMap((mode) => [
      [`pod-security.kubernetes.io/${mode}`, "restricted"],
      [`pod-security.kubernetes.io/${mode}-version`, `v${version}`],
    ]),
  );
}

function workerEgress(): NetworkPolicyV1SpecEgress[] {
  return [
    {
      to: [
        {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
          podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
        },
      ],
      ports: [
        { protocol: "UDP", port: "53" },
        { protocol: "TCP", port: "53" },
      ],
    },
    {
      // The Pod Identity agent of the node, which hands out credentials.
      // @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
      to: [{ ipBlock: { cidr: "169.254.170.23/32" } }],
      ports: [{ protocol: "TCP", port: "80" }],
    },
    {
      // S3 and SQS. Their addresses are public and change, and a policy can name neither a prefix list nor a host. The traffic of S3 takes
      // the VPC's gateway endpoint. Link-local addresses are excluded, so that a worker cannot read the metadata of its instance.
      to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } }],
      ports: [{ protocol: "TCP", port: "443" }],
    },
  ];
}
