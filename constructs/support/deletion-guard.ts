import { TerraformSelf, type TerraformStack } from "cdktf";
import { TerraformResource } from "cdktf/lib/terraform-resource";
import { TerraformData } from "./terraform-data.ts";

/**
 * Lets no destroy of a stack begin while its environment is protected from deletion. Call it last: what comes later is not
 * waited for.
 *
 * Stacks are destroyed in reverse order, and the cluster refuses last: by then the Jobs, the autoscaler and the nodes would
 * be gone, or, worse, nodes left without an autoscaler to return them. The guard is a resource of its own, since
 * `prevent_destroy` on what runs would also forbid to replace it. Jobs still come and go: an empty list of them and a deploy
 * ends them. A protected stack cannot be destroyed even alone, which no job needs and `destroy 'prod-*'` would begin with.
 *
 * Switching the protection off takes one deploy: Terraform reads `prevent_destroy` in the configuration, EKS has its own
 * record, and one who edits the former and forgets the latter would again lose everything but the cluster. So the guard
 * remembers what was deployed, and goes first.
 * @see https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle#prevent_destroy
 */
export function guardDeletion(stack: TerraformStack, deletionProtection: boolean): void {
  const guarded = stack.node.findAll().filter(TerraformResource.isTerraformResource);
  new TerraformData(stack, "deletion-protection", {
    input: { protected: deletionProtection },
    // Terraform refuses while it plans, before it destroys anything.
    lifecycle: { preventDestroy: deletionProtection },
    provisioners: [
      {
        type: "local-exec",
        when: "destroy",
        // Node.js is there wherever this was synthesized; a shell and its quoting are not.
        interpreter: ["node", "-e"],
        command: refuseUnlessDeployed,
        // All that a destroy provisioner may refer to is its own resource, as the last deploy left it.
        environment: { DEPLOYED: TerraformSelf.getString("input.protected") },
      },
    ],
    dependsOn: guarded,
  });
}

const refuseUnlessDeployed = `if (process.env.DEPLOYED !== "false") {
  console.error("Deletion protection is still on: deploy once with cluster.deletionProtection: false, then destroy.");
  process.exit(1);
}`;
