import { HelmProvider } from "@cdktf/provider-helm/lib/provider";
import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider";
import { Fn, type TerraformStack } from "cdktf";
import type { ICluster } from "../constructs/cluster/cluster.ts";
import { lowestTerraform } from "./versions.ts";

/** The stacks use only what both majors of each provider read: `_v1` resources, and `kubernetes` as an object. */
const kubernetesProviderVersion = ">= 2.36.0, < 4.0.0";
const helmProviderVersion = ">= 2.17.0, < 4.0.0";

/** Lets a stack create Kubernetes resources in a cluster that another stack has created. */
export function configureKubernetes(stack: TerraformStack, cluster: ICluster): void {
  const { host, clusterCaCertificate, exec } = access(cluster);
  new KubernetesProvider(stack, "kubernetes", { host, clusterCaCertificate, exec: [exec] });
  requireVersion(stack, "kubernetes", kubernetesProviderVersion);
}

/** Lets a stack install charts in a cluster that another stack has created. */
export function configureHelm(stack: TerraformStack, cluster: ICluster): void {
  new HelmProvider(stack, "helm", { kubernetes: access(cluster) });
  requireVersion(stack, "helm", helmProviderVersion);
}

/**
 * Address and certificate come from the platform's state: a provider configured from a resource of its own stack falls back to
 * localhost while the cluster does not exist (terraform-aws-eks#2007, #2501). The AWS CLI creates a token whenever one is needed,
 * because a token in a state expires after 15 minutes.
 */
function access(cluster: ICluster) {
  return {
    host: cluster.clusterEndpoint,
    clusterCaCertificate: Fn.base64decode(cluster.certificateAuthorityData),
    exec: {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "aws",
      // Force JSON: a different default output format in the user's AWS config would break the token parsing.
      args: ["eks", "get-token", "--cluster-name", cluster.clusterName, "--region", cluster.region, "--output", "json"],
    },
  };
}

/** The bindings' own pin would refuse every release after the one they were generated from. */
function requireVersion(stack: TerraformStack, provider: string, version: string): void {
  stack.addOverride(`terraform.required_providers.${provider}.version`, version);
  stack.addOverride("terraform.required_version", `>= ${lowestTerraform}`);
}
