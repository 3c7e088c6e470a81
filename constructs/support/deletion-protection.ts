import { dependable, TerraformSelf, TerraformStack } from "cdktf";
import { TerraformResource } from "cdktf/lib/terraform-resource";
import type { Construct } from "constructs";
import { TerraformData } from "./terraform-data.ts";

/** State of the deletion protection of a stack. */
export interface DeletionProtectionProps {
  /** `true` makes every destroy of the stack fail. To destroy the stack, deploy once with `false`. */
  readonly enabled: boolean;
}

/**
 * Makes `terraform destroy` fail before it deletes anything, while the protection is on. It covers every resource of its stack,
 * including those added later.
 *
 * Every stack but the image's, which deletes no image, has one, also without protection: a user who deletes the option from the
 * configuration, and destroys without a deploy, meets the deployed value.
 *
 * Stacks are destroyed in reverse order, and the cluster refuses last. By then the Jobs, the autoscaler and the nodes would be gone,
 * or worse, nodes would be left without an autoscaler to return them. The protection is a resource of its own, since
 * `prevent_destroy` on the other resources would also forbid to replace them. Jobs still come and go: a deploy with `parallelism: 0`
 * ends their pods. The protection also refuses to destroy one stack alone: no job needs that, and `destroy 'prod-*'` begins with it.
 *
 * Switching the protection off takes one deploy. Terraform reads `prevent_destroy` in the configuration, and EKS has a record of its
 * own: a user who edits the configuration and does not deploy would lose everything but the cluster. So this resource remembers the
 * deployed value, and is destroyed first.
 * @see https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle#prevent_destroy
 */
export class DeletionProtection extends TerraformData {
  constructor(scope: Construct, id: string, { enabled }: DeletionProtectionProps) {
    super(scope, id, {
      input: { protected: enabled },
      // Terraform refuses while it plans, before it destroys anything.
      lifecycle: { preventDestroy: enabled },
      provisioners: [
        {
          type: "local-exec",
          when: "destroy",
          // Node.js is installed wherever this was synthesized. A shell may be missing, and shells differ in quoting.
          interpreter: ["node", "-e"],
          command: refuseUnlessDeployed,
          // A destroy provisioner may refer to its own resource only, in the state of the last deploy.
          environment: { DEPLOYED: TerraformSelf.getString("input.protected") },
        },
      ],
    });
  }

  /** Runs during synthesis, when the stack is complete. */
  override toTerraform() {
    const resources = TerraformStack.of(this).node.findAll().filter(TerraformResource.isTerraformResource);
    this.dependsOn = resources.filter((resource) => resource !== this).map(dependable);
    return super.toTerraform();
  }
}

const refuseUnlessDeployed = `if (process.env.DEPLOYED !== "false") {
  console.error("Deletion protection is still on: deploy once with cluster.deletionProtection: false, then destroy.");
  process.exit(1);
}`;
