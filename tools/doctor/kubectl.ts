import { partitionOf } from "../../constructs/support/iam-policy.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { type Ended, runProgram } from "./programs.ts";

/** Longer than kubectl takes to get a token from the AWS CLI. */
const kubectlSeconds = 15;

/** The user's own kubectl, in the cluster of an environment. Its `reason` says why there is no answer. */
export async function kubectl(
  { name, region, accountId }: Pick<ResolvedEnvironment, "name" | "region" | "accountId">,
  ...args: readonly string[]
): Promise<Ended> {
  const cluster = `${name}-platform`;
  // `aws eks update-kubeconfig` names the context after the cluster's ARN. Another context may be another cluster.
  const context = `arn:${partitionOf(region)}:eks:${region}:${accountId}:cluster/${cluster}`;
  const ended = await runProgram("kubectl", ["--context", context, ...args, "--request-timeout", "5s"], {
    seconds: kubectlSeconds,
  });
  const update = `aws eks update-kubeconfig --region ${region} --name ${cluster}`;
  return ended.succeeded ? ended : { ...ended, reason: whyNoAnswer(ended.reason, update) };
}

function whyNoAnswer(reason: string, update: string): string {
  if (reason === "not on PATH") return "kubectl: not on PATH, and only this check needs it";
  if (/context .* does not exist|no configuration has been provided/.test(reason))
    return `there is no kubeconfig for the cluster; where it is deployed: ${update}`;
  return `kubectl: ${reason}`;
}

/**
 * Asks the cluster of an environment for objects, as JSON, if this machine has a kubeconfig for it.
 *
 * @param query the arguments of kubectl, for example `["get", "pods"]`.
 * @returns the answer, or why there is none.
 */
export async function askCluster(
  environment: Parameters<typeof kubectl>[0],
  query: readonly string[],
): Promise<{ readonly stdout: string } | { readonly reason: string }> {
  const { succeeded, stdout, reason } = await kubectl(environment, ...query, "--output", "json");
  return succeeded ? { stdout } : { reason };
}
