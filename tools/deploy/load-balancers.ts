import { loadBalancerName } from "../../constructs/services/ingress.ts";
import { servicesNamespace } from "../../constructs/services/services-names.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import type { Plan } from "../diff/plan.ts";
import { howToDelete, type LoadBalancer, loadBalancersOf } from "../doctor/load-balancers.ts";
import { ToolError } from "../support/tool.ts";

/** The controller, and the role with which it deletes its load balancer. */
const controller = /^(aws_iam_role\.load-balancer-identity|helm_release\.load-balancer-controller)_/;
const ingresses = /^kubernetes_ingress_v1\.ingress_/;

/**
 * Stops a destroy that would leave a load balancer behind, which then keeps the VPC: Terraform does not know it, and its controller goes.
 *
 * @param plans of all stacks that are destroyed. That of the workload has the Ingresses, which take the environment's own load balancer along.
 * @throws ToolError with the way to delete it.
 */
export async function refuseToLeaveLoadBalancers(
  environment: ResolvedEnvironment,
  plans: readonly Plan[],
): Promise<void> {
  // An entry that was only removed from environments.ts is still deployed.
  const isExposed =
    environment.services?.options.ingress !== undefined || plans.some((plan) => loses(plan, controller));
  if (!isExposed) return;
  const takesOwn = plans.some((plan) => loses(plan, ingresses));
  const left = (await listed(environment)).filter(
    ({ name }) => !takesOwn || name !== loadBalancerName(environment.name),
  );
  const [first] = left;
  if (first === undefined) return;
  throw new ToolError(
    `the load balancer ${left.map(({ name }) => name).join(", ")} of the cluster is in no stack, and would keep the VPC: nothing was changed; delete it first: ${howToDelete(environment, first)}`,
  );
}

/**
 * Stops a deploy that takes the entry from outside away from an environment: the stacks with the controller and its permissions come before
 * the one with the Ingresses, which only the controller can end.
 *
 * @throws ToolError with the command that ends them.
 */
export async function refuseToLoseController(environment: ResolvedEnvironment, plan: Plan): Promise<void> {
  if (!loses(plan, controller)) return;
  const [first] = await listed(environment);
  if (first === undefined) return;
  throw new ToolError(
    `the load balancer ${first.name} still exists, and this deploy takes the controller away that deletes it: nothing was changed; first: kubectl --namespace ${servicesNamespace} delete ingress --all`,
  );
}

/** Whether a plan deletes something and puts nothing in its place. */
function loses(plan: Plan, addresses: RegExp): boolean {
  return (plan.resource_changes ?? []).some(
    ({ address, change }) => addresses.test(address) && String(change.actions) === "delete",
  );
}

async function listed(environment: ResolvedEnvironment): Promise<readonly LoadBalancer[]> {
  const found = await loadBalancersOf(environment);
  if (!("reason" in found)) return found;
  process.stderr.write(`the load balancers of the cluster are not checked: aws: ${found.reason}\n`);
  return [];
}
