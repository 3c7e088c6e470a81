import { NamespaceV1 } from "@cdktf/provider-kubernetes/lib/namespace-v1";
import { NetworkPolicyV1 } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { podSecurityLabels } from "../support/restricted-pod.ts";

export interface RestrictedNamespaceProps {
  readonly name: string;
  /** Minor version of Kubernetes whose definition of the restricted Pod Security Standard applies, for example `1.35`. */
  readonly kubernetesVersion: string;
  /** Labels beside those of the Pod Security Standard. @default {} */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** A namespace with restricted pods and without network traffic: further policies allow what pods need. */
export class RestrictedNamespace extends Construct {
  /** The underlying `kubernetes_namespace_v1`, for settings without an option here. */
  readonly resource: NamespaceV1;
  readonly namespace: string;
  protected readonly denied: NetworkPolicyV1;

  constructor(scope: Construct, id: string, props: RestrictedNamespaceProps) {
    super(scope, id);
    this.resource = new NamespaceV1(this, "namespace", {
      metadata: { name: props.name, labels: { ...podSecurityLabels(props.kubernetesVersion), ...props.labels } },
      timeouts: { delete: "15m" },
    });
    // A text and not a reference, since a hash over it names a Job.
    this.namespace = props.name;
    this.denied = new NetworkPolicyV1(this, "deny-all", {
      metadata: { name: "deny-all", namespace: props.name },
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
      dependsOn: [this.resource],
    });
  }

  /** Resources that pods depend on. Terraform destroys the pods first. */
  get dependables(): readonly ITerraformDependable[] {
    return [this.resource, this.denied];
  }
}
