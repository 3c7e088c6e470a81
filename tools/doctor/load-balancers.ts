import { z } from "zod";
import { clusterTag } from "../../constructs/addons/load-balancer-controller-policy.ts";
import { loadBalancerName } from "../../constructs/services/ingress.ts";
import type { IngressOptions } from "../../constructs/services/ingress-options.ts";
import { servicesNamespace } from "../../constructs/services/services-names.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { parsed } from "../support/answers.ts";
import { askCluster } from "./cluster.ts";
import { aws, cureOf, type Identity, withCredentials } from "./credentials.ts";
import { start } from "./programs.ts";
import { type Check, type Finding, notChecked, ok, warning } from "./report.ts";

/** A load balancer that a controller in a cluster has made. */
export interface LoadBalancer {
  readonly arn: string;
  readonly name: string;
  /** Name in AWS's DNS. */
  readonly host: string;
  /** For example `active`. */
  readonly state: string;
}

const taggedSchema = z.object({ ResourceTagMappingList: z.array(z.object({ ResourceARN: z.string() })) });
const describedSchema = z.object({
  LoadBalancers: z.array(
    z.object({
      LoadBalancerArn: z.string(),
      LoadBalancerName: z.string(),
      DNSName: z.string().optional(),
      State: z.object({ Code: z.string() }).optional(),
    }),
  ),
});

/** The load balancers with the tag of an environment's cluster, or the reason why AWS does not list them. */
export async function loadBalancersOf({
  name,
  region,
}: Pick<ResolvedEnvironment, "name" | "region">): Promise<readonly LoadBalancer[] | { readonly reason: string }> {
  const filters = [
    ...["--resource-type-filters", "elasticloadbalancing:loadbalancer"],
    ...["--tag-filters", `Key=${clusterTag},Values=${name}-platform`],
  ];
  const tagged = await aws(region, "resourcegroupstaggingapi", "get-resources", ...filters);
  if (!tagged.succeeded) return { reason: tagged.reason };
  const arns = taggedSchema.safeParse(parsed(tagged.stdout)).data?.ResourceTagMappingList;
  if (arns === undefined) return { reason: `no list in ${start(tagged.stdout)}` };
  if (arns.length === 0) return [];
  // The list of tags keeps deleted resources for some minutes.
  const described = await aws(region, "elbv2", "describe-load-balancers");
  if (!described.succeeded) return { reason: described.reason };
  const all = describedSchema.safeParse(parsed(described.stdout)).data?.LoadBalancers;
  if (all === undefined) return { reason: `no list in ${start(described.stdout)}` };
  return all
    .filter(({ LoadBalancerArn: arn }) => arns.some(({ ResourceARN }) => ResourceARN === arn))
    .map(({ LoadBalancerArn: arn, LoadBalancerName, DNSName = "", State }) => {
      return { arn, name: LoadBalancerName, host: DNSName, state: State?.Code ?? "unknown" };
    });
}

/** The way to delete a load balancer that no stack has: with its Ingress, which the controller would serve again, or by itself. */
export function howToDelete({ region }: Pick<ResolvedEnvironment, "region">, { arn }: LoadBalancer): string {
  return `kubectl get ingress --all-namespaces, and delete its Ingress; without one: aws elbv2 delete-load-balancer --region ${region} --load-balancer-arn ${arn}`;
}

/** Checks of an environment's entry from outside: its load balancer, and the Secret of the login. */
export function loadBalancerChecks(environment: ResolvedEnvironment, identity: Promise<Identity>): Check[] {
  const ingress = environment.services?.options.ingress;
  if (ingress === undefined) return [];
  return [
    { name: "load balancer", run: withCredentials(identity, () => loadBalancerFinding(environment, ingress)) },
    { name: "login", run: () => secretFinding(environment, ingress) },
  ];
}

async function loadBalancerFinding(environment: ResolvedEnvironment, { host }: IngressOptions): Promise<Finding> {
  const found = await loadBalancersOf(environment);
  const own = loadBalancerName(environment.name);
  if ("reason" in found) {
    const fix = /AccessDenied/.test(found.reason)
      ? "let your role use tag:GetResources and elasticloadbalancing:DescribeLoadBalancers"
      : cureOf(found.reason);
    return warning(`aws: ${found.reason}`, "a list of the load balancers of the cluster", fix);
  }
  const other = found.find(({ name }) => name !== own);
  if (other !== undefined) {
    const needed = `no load balancer of the cluster but ${own}: another one costs as much, and a destroy stops at it`;
    return warning(`${other.name} (${other.arn})`, needed, howToDelete(environment, other));
  }
  const [it] = found;
  if (it === undefined) return ok(`${own} is not deployed yet`);
  return ok(`${own} is ${it.state}; the record of ${host} points to ${it.host}`);
}

/** The keys of the Secret and none of its values. */
async function secretFinding(environment: ResolvedEnvironment, { oidc }: IngressOptions): Promise<Finding> {
  const { secretName } = oidc;
  const keys = "go-template={{range $key, $value := .data}}{{$key}} {{end}}";
  const answer = await askCluster(environment, ["--namespace", servicesNamespace, "get", "secret", secretName], keys);
  if ("reason" in answer && !/NotFound/.test(answer.reason)) return notChecked(answer.reason);
  const text = "stdout" in answer ? answer.stdout.trim() : "";
  if (!/^([\w.-]+( |$))*$/.test(text)) return notChecked("kubectl get secret: no names of keys in its answer");
  const there = text.split(" ");
  const missing = ["clientID", "clientSecret"].filter((key) => !there.includes(key));
  if (missing.length === 0) return ok(`the Secret ${secretName} has clientID and clientSecret`);
  const found =
    "stdout" in answer
      ? `the Secret ${secretName} lacks ${missing.join(" and ")}`
      : `there is no Secret ${secretName} in ${servicesNamespace}`;
  const needed =
    "the client of the load balancer at the identity provider; without it a deploy waits for the load balancer";
  const fix = `kubectl --namespace ${servicesNamespace} create secret generic ${secretName} --from-literal=clientID=${oidc.clientId} --from-file=clientSecret=<file> (docs/ingress.md)`;
  return warning(found, needed, fix);
}
