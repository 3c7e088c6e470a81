/* Rules of NetworkPolicies for traffic that leaves pods, as Terraform writes them. */

export const toDns = {
  to: [
    {
      namespace_selector: { match_labels: { "kubernetes.io/metadata.name": "kube-system" } },
      pod_selector: { match_labels: { "k8s-app": "kube-dns" } },
    },
  ],
  ports: [
    { protocol: "UDP", port: "53" },
    { protocol: "TCP", port: "53" },
  ],
};

/** The agent that gives a pod its credentials. */
export const toPodIdentityAgent = {
  to: [{ ip_block: { cidr: "169.254.170.23/32" } }],
  ports: [{ protocol: "TCP", port: "80" }],
};

/** All of HTTPS but the metadata of the node. */
export const toHttps = {
  to: [{ ip_block: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } }],
  ports: [{ protocol: "TCP", port: "443" }],
};
