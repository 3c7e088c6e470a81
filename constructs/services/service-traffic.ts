import { NetworkPolicyV1, type NetworkPolicyV1SpecEgress } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { dnsEgress, httpsEgress, podIdentityEgress } from "../support/network-rules.ts";

/** A service as its callers see it. */
export interface Callee {
  readonly serviceName: string;
  readonly namespace: string;
  /** Port of its container. */
  readonly port: number;
  readonly podLabels: Readonly<Record<string, string>>;
  /** Resources that must exist before a policy in its namespace, and outlive it: the namespace. */
  readonly namespaceDependables: readonly ITerraformDependable[];
}

/** Who calls whom. */
export interface Traffic {
  readonly calls?: readonly Callee[] | undefined;
  readonly callerCidrBlocks?: readonly string[] | undefined;
  readonly usesAws?: boolean | undefined;
  readonly usesKubernetesApi?: boolean | undefined;
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * Opens the namespaces of a service and of those that it calls for their traffic, and for no other. One declaration opens both ends of a
 * call: the policies of a pod add up.
 */
export function allowCalls(scope: Construct, caller: Callee, traffic: Traffic): NetworkPolicyV1[] {
  const { calls = [], callerCidrBlocks = [], dependsOn } = traffic;
  const egress = egressOf(traffic);
  const policies = calls.map((callee) => {
    const isNear = callee.namespace === caller.namespace;
    // Services of two namespaces may have the same name.
    const far = (namespace: string) => (isNear ? "" : `${namespace}-`);
    return new NetworkPolicyV1(scope, `calls-${far(callee.namespace)}${callee.serviceName}`, {
      metadata: {
        name: `allow-${far(caller.namespace)}${caller.serviceName}-to-${callee.serviceName}`,
        namespace: callee.namespace,
      },
      spec: {
        podSelector: { matchLabels: { ...callee.podLabels } },
        policyTypes: ["Ingress"],
        ingress: [{ from: [podsOf(caller)], ports: [portOf(callee)] }],
      },
      dependsOn: [...dependsOn, ...(isNear ? [] : callee.namespaceDependables)],
    });
  });
  if (egress.length > 0) {
    policies.push(
      new NetworkPolicyV1(scope, "egress", {
        metadata: { name: `allow-from-${caller.serviceName}`, namespace: caller.namespace },
        spec: { podSelector: { matchLabels: { ...caller.podLabels } }, policyTypes: ["Egress"], egress },
        dependsOn: [...dependsOn],
      }),
    );
  }
  if (callerCidrBlocks.length > 0) {
    policies.push(
      new NetworkPolicyV1(scope, "ingress", {
        metadata: { name: `allow-to-${caller.serviceName}`, namespace: caller.namespace },
        spec: {
          podSelector: { matchLabels: { ...caller.podLabels } },
          policyTypes: ["Ingress"],
          ingress: [{ from: callerCidrBlocks.map((cidr) => ({ ipBlock: { cidr } })), ports: [portOf(caller)] }],
        },
        dependsOn: [...dependsOn],
      }),
    );
  }
  return policies;
}

function egressOf({ calls = [], usesAws = false, usesKubernetesApi = false }: Traffic): NetworkPolicyV1SpecEgress[] {
  const rules = [
    ...calls.map((callee) => ({ to: [podsOf(callee)], ports: [portOf(callee)] })),
    ...(usesAws ? [podIdentityEgress()] : []),
    ...(usesAws || usesKubernetesApi ? [httpsEgress()] : []),
  ];
  // Names are asked for where there is somebody to call. DNS alone would be a way out of the cluster.
  return rules.length === 0 ? [] : [dnsEgress(), ...rules];
}

function podsOf({ namespace, podLabels }: Callee) {
  return {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    podSelector: { matchLabels: { ...podLabels } },
  };
}

function portOf({ port }: Callee) {
  return { protocol: "TCP", port: String(port) };
}
