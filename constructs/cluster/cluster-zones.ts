import type { EksCluster } from "@cdktf/provider-aws/lib/eks-cluster";
import type { Construct } from "constructs";
import { oneOf, type Problem, show } from "../support/problems.ts";
import { TerraformData } from "../support/terraform-data.ts";

/** The control plane needs two zones. EKS itself spreads it over three, so that more subnets bring nothing. */
const leastZones = 2;
const mostZones = 3;

/** Number of zones of a cluster, for error texts. */
export const allowedClusterZones = `a list of ${leastZones} or ${mostZones} zones of the network`;

/**
 * Zones in which EKS makes no control plane, by the name that they have in most accounts. AWS gives these zones by their ids
 * (use1-az3 and cac1-az3), and an account could have another name for them. Nodes run in all zones.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
const zonesWithoutControlPlane: Readonly<Record<string, string>> = {
  "us-east-1e": "use1-az3",
  "ca-central-1c": "cac1-az3",
};

/**
 * Checks the zones of a cluster; `path` is relative to their list.
 * @param networkZones zones in which the network has a private subnet, or undefined if they are wrong themselves.
 */
export function clusterZoneProblems(zones: readonly string[], networkZones: readonly string[] | undefined): Problem[] {
  const problems: Problem[] = [];
  if (zones.length < leastZones || zones.length > mostZones) {
    const fix =
      zones.length < leastZones
        ? "EKS's control plane needs two zones, so add one"
        : `keep ${mostZones} of them; pools name other zones in their own availabilityZones`;
    problems.push({ path: [], allowed: allowedClusterZones, got: show(zones), fix });
  }
  zones.forEach((zone, index) => {
    const problem = (allowed: string, fix: string) => problems.push({ path: [index], allowed, got: show(zone), fix });
    // A stand-in for a malformed text.
    if (zone === "") return;
    if (zones.indexOf(zone) < index) {
      problem("different from the zones before it", "remove one of the two");
    } else if (networkZones !== undefined && !networkZones.includes(zone)) {
      const fix = "name one of these, or add the zone to the network, which keeps the zones of its cluster";
      problem(oneOf(networkZones) || "a zone of the network", fix);
    } else if (Object.hasOwn(zonesWithoutControlPlane, zone)) {
      const fix = `it is ${zonesWithoutControlPlane[zone]} in most accounts, so name another zone here; nodes can run in it`;
      problem("a zone in which EKS makes control planes", fix);
    }
  });
  return problems;
}

/**
 * Keeps the zones in which a cluster was made in Terraform's state, and ends every plan with others. EKS refuses subnets in other
 * zones, when a deploy has changed other things already.
 */
export function keepZones(scope: Construct, cluster: EksCluster, zones: readonly string[]): void {
  const configured = [...zones].sort().join(", ");
  new TerraformData(scope, "zones", {
    input: { zones: configured },
    // Not before: a cluster that EKS refused to make has no zones to keep.
    dependsOn: [cluster],
    lifecycle: {
      // Written when the cluster is made, and never again unless it is made anew.
      ignoreChanges: ["input"],
      replaceTriggeredBy: [`${cluster.terraformResourceType}.${cluster.friendlyUniqueId}.created_at`],
      postcondition: [
        {
          condition: `\${self.output.zones == ${JSON.stringify(configured)}}`,
          errorMessage: `The cluster was made in \${self.output.zones}, and EKS takes no other zones. Name these in cluster.availabilityZones, and other zones in the availabilityZones of pools; or destroy the platform and deploy it anew.`,
        },
      ],
    },
  });
}
