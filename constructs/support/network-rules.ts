import type { NetworkPolicyV1SpecEgress } from "@cdktf/provider-kubernetes/lib/network-policy-v1";

/** Lets pods ask the cluster's DNS. */
export function dnsEgress(): NetworkPolicyV1SpecEgress {
  return {
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
  };
}

/**
 * Lets pods get credentials of AWS from the Pod Identity agent of their node.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
 */
export function podIdentityEgress(): NetworkPolicyV1SpecEgress {
  return { to: [{ ipBlock: { cidr: "169.254.170.23/32" } }], ports: [{ protocol: "TCP", port: "80" }] };
}

/**
 * Lets pods reach services of AWS and the Kubernetes API. Their addresses are public or those of interfaces that EKS makes and replaces,
 * and a policy can name neither a prefix list nor a host. The traffic of S3 takes the VPC's gateway endpoint. Link-local addresses are
 * excluded, so that a pod cannot read the metadata of its instance.
 */
export function httpsEgress(): NetworkPolicyV1SpecEgress {
  return {
    to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } }],
    ports: [{ protocol: "TCP", port: "443" }],
  };
}
