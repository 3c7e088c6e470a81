import { NetworkPolicyV1 } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import { ServiceAccountV1 } from "@cdktf/provider-kubernetes/lib/service-account-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { dnsEgress, httpsEgress, podIdentityEgress } from "../support/network-rules.ts";
import { noTraffic, type RestrictedNamespaceProps, restrictedNamespace } from "./restricted-namespace.ts";
import { workerLabels } from "./worker-pod.ts";

export interface WorkerNamespaceProps extends RestrictedNamespaceProps {
  /** Names of the service accounts of workers and executors. The platform binds a role to each. */
  readonly serviceAccounts: readonly string[];
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
    const namespace = restrictedNamespace(this, props);
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
    const denied = noTraffic(this, namespace, props);
    const allowed = new NetworkPolicyV1(this, "allow-workers", {
      metadata: { name: "allow-workers", namespace: props.name },
      spec: {
        podSelector: { matchLabels: { ...workerLabels } },
        policyTypes: ["Egress"],
        egress: [dnsEgress(), podIdentityEgress(), httpsEgress()],
      },
      dependsOn: [namespace],
    });
    this.dependables = [namespace, ...serviceAccounts, denied, allowed];
  }
}
