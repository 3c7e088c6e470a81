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
  /** Resources that pods depend on. Terraform destroys the pods first. */
  readonly dependables: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: RestrictedNamespaceProps) {
    super(scope, id);
    this.resource = restrictedNamespace(this, props);
    // A text and not a reference, so that names and addresses made of it are known at synthesis.
    this.namespace = props.name;
    this.dependables = [this.resource, noTraffic(this, this.resource, props)];
  }
}

/** A namespace that takes restricted pods only. */
export function restrictedNamespace(scope: Construct, props: RestrictedNamespaceProps): NamespaceV1 {
  return new NamespaceV1(scope, "namespace", {
    metadata: { name: props.name, labels: { ...podSecurityLabels(props.kubernetesVersion), ...props.labels } },
    timeouts: { delete: "15m" },
  });
}

/** Denies all traffic of a namespace that no other policy allows. */
export function noTraffic(
  scope: Construct,
  namespace: ITerraformDependable,
  { name }: Pick<RestrictedNamespaceProps, "name">,
): NetworkPolicyV1 {
  return new NetworkPolicyV1(scope, "deny-all", {
    metadata: { name: "deny-all", namespace: name },
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    dependsOn: [namespace],
  });
}
