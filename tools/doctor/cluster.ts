import { partitionOf } from "../../constructs/support/iam-policy.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { isMissing, runProgram } from "./programs.ts";

/** Longer than kubectl takes to get a token from the AWS CLI. */
const kubectlSeconds = 15;

/**
 * Asks the cluster of an environment for objects, if this machine has a kubeconfig for it.
 *
 * @param query the arguments of kubectl, for example `["get", "pods"]`.
 * @param output the form of the answer.
 * @returns the answer, or why there is none.
 */
export async function askCluster(
  { name, region, accountId }: Pick<ResolvedEnvironment, "name" | "region" | "accountId">,
  query: readonly string[],
  output = "json",
): Promise<{ readonly stdout: string } | { readonly reason: string }> {
  const cluster = `${name}-platform`;
  // `aws eks update-kubeconfig` names the context after the cluster's ARN. Another context may be another cluster.
  const context = `arn:${partitionOf(region)}:eks:${region}:${accountId}:cluster/${cluster}`;
  const asked = ["--context", context, ...query, "--output", output, "--request-timeout", "5s"];
  const { succeeded, stdout, reason } = await runProgram("kubectl", asked, { seconds: kubectlSeconds });
  if (succeeded) return { stdout };
  return { reason: whyNoAnswer(reason, `aws eks update-kubeconfig --region ${region} --name ${cluster}`) };
}

function whyNoAnswer(reason: string, update: string): string {
  if (isMissing(reason)) return `kubectl: ${reason}, and only this check needs it`;
  if (/context .* does not exist|no configuration has been provided/.test(reason))
    return `there is no kubeconfig for the cluster; where it is deployed: ${update}`;
  if (/doesn't have a resource type/.test(reason)) return "the cluster has no KEDA yet";
  return `kubectl: ${reason}`;
}
