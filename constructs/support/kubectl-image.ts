/**
 * The kubectl that Kubernetes itself releases as an image, without a shell. What it does here is the same in every version, so it
 * serves all minors of the cluster.
 * @see https://github.com/kubernetes/kubernetes/pull/116672
 */
export const kubectlImage = "registry.k8s.io/kubectl:v1.35.4";
