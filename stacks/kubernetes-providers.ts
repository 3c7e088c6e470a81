import { HelmProvider } from "@cdktf/provider-helm/lib/provider";
import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider";
import { Fn, type TerraformStack } from "cdktf";
import type { ICluster } from "../constructs/cluster/cluster.ts";
import { lowestTerraform } from "./platform-stack.ts";

/** Both majors read what is written here: `_v1` resources, and `kubernetes` as an object. */
const kubernetesProviderVersion = ">= 2.36.0, < 4.0.0";
const helmProviderVersion = ">= 2.17.0, < 4.0.0";

/** Lets a stack make things in a cluster that another stack has made. */
export function configureKubernetes(stack: TerraformStack, cluster: ICluster, region: string): void {
  const { host, clusterCaCertificate, exec } = access(cluster, region);
  new KubernetesProvider(stack, "kubernetes", { host, clusterCaCertificate, exec: [exec] });
  requireVersion(stack, "kubernetes", kubernetesProviderVersion);
}

/** Lets a stack install charts in a cluster that another stack has made. */
export function configureHelm(stack: TerraformStack, cluster: ICluster, region: string): void {
  new HelmProvider(stack, "helm", { kubernetes: access(cluster, region) });
  requireVersion(stack, "helm", helmProviderVersion);
}

/**
 * Address and certificate come from the platform's state: a provider configured from a resource of its own stack falls back to
 * localhost when the cluster is not there yet (terraform-aws-eks#2007, #2501). The token comes from the AWS CLI whenever one
 * is needed, since one in a state would have expired after 15 minutes.
 */
function access(cluster: ICluster, region: string) {
  return {
    host: cluster.clusterEndpoint,
    clusterCaCertificate: Fn.base64decode(cluster.certificateAuthorityData),
    exec: {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "aws",
      // The format, too: whoever has set another one would send Terraform something that is no JSON.
      args: ["eks", "get-token", "--cluster-name", cluster.clusterName, "--region", region, "--output", "json"],
    },
  };
}

/** The bindings' own pin would refuse every release after the one they were generated from. */
function requireVersion(stack: TerraformStack, provider: string, version: string): void {
  stack.addOverride(`terraform.required_providers.${provider}.version`, version);
  stack.addOverride("terraform.required_version", `>= ${lowestTerraform}`);
}
