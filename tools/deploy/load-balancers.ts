import { loadBalancerName } from "../../constructs/services/ingress.ts";
import { servicesNamespace } from "../../constructs/services/services-names.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import type { Plan } from "../diff/plan.ts";
import { howToDelete, type LoadBalancer, loadBalancersOf } from "../doctor/load-balancers.ts";
import { ToolError } from "../support/tool.ts";

/**
 * Stops a destroy that would leave a load balancer behind, which then keeps the VPC: Terraform does not know it, and its controller goes.
 *
 * @param own whether the load balancer of the environment's own Ingresses goes with them.
 * @throws ToolError with the way to delete it.
 */
export async function refuseToLeaveLoadBalancers(environment: ResolvedEnvironment, own: boolean): Promise<void> {
  if (environment.services?.options.ingress === undefined) return;
  const left = (await listed(environment)).filter(({ name }) => !own || name !== loadBalancerName(environment.name));
  const [first] = left;
  if (first === undefined) return;
  throw new ToolError(
    `the load balancer ${left.map(({ name }) => name).join(", ")} of the cluster is in no stack, and would keep the VPC: nothing was changed; delete it first: ${howToDelete(environment, first)}`,
  );
}

/**
 * Stops a deploy that takes the entry from outside away from an environment: the stack with the controller's permissions comes before the
 * one with the Ingresses, which only the controller can end.
 *
 * @throws ToolError with the command that ends them.
 */
export async function refuseToLoseController(environment: ResolvedEnvironment, plan: Plan): Promise<void> {
  const isLost = (plan.resource_changes ?? []).some(
    ({ address, change }) =>
      address.startsWith("aws_iam_role.load-balancer-identity_") && String(change.actions) === "delete",
  );
  if (!isLost) return;
  const [first] = await listed(environment);
  if (first === undefined) return;
  throw new ToolError(
    `the load balancer ${first.name} still exists, and this deploy takes the permissions away that its controller deletes it with: nothing was changed; first: kubectl --namespace ${servicesNamespace} delete ingress --all`,
  );
}

async function listed(environment: ResolvedEnvironment): Promise<readonly LoadBalancer[]> {
  const found = await loadBalancersOf(environment);
  if (!("reason" in found)) return found;
  process.stderr.write(`the load balancers of the cluster are not checked: aws: ${found.reason}\n`);
  return [];
}
