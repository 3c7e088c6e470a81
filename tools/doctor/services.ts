import { z } from "zod";
import { apiName, frontendName, servicesNamespace } from "../../constructs/services/services-names.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { parsed } from "../support/answers.ts";
import { askCluster } from "./cluster.ts";
import { type Check, type Finding, notChecked, ok, warning } from "./report.ts";

/** Checks of an environment's services, in a cluster that is deployed. */
export function serviceChecks(environment: ResolvedEnvironment): Check[] {
  if (environment.services === undefined) return [];
  return [{ name: "page and API", run: () => replicasFinding(environment) }];
}

const deploymentsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({ replicas: z.number().optional(), readyReplicas: z.number().optional() }).optional(),
    }),
  ),
});

/** Whether pods of the page and of the API are ready. */
async function replicasFinding(environment: ResolvedEnvironment): Promise<Finding> {
  const answer = await askCluster(environment, ["--namespace", servicesNamespace, "get", "deployments"]);
  if ("reason" in answer) return notChecked(answer.reason);
  const list = deploymentsSchema.safeParse(parsed(answer.stdout));
  if (!list.success) return notChecked("kubectl get deployments: no list in its answer");
  const states = [frontendName, apiName].map((name) => {
    const found = list.data.items.find(({ metadata }) => metadata.name === name);
    return {
      name,
      isThere: found !== undefined,
      all: found?.status?.replicas ?? 0,
      ready: found?.status?.readyReplicas ?? 0,
    };
  });
  const text = states.map(({ name, ready, all }) => `${name} ${ready} of ${all}`).join(", ");
  const missing = states.find(({ isThere }) => !isThere);
  if (missing !== undefined) {
    const deploy = `npm run deploy -- ${environment.name} --stack workload`;
    return warning(`there is no Deployment ${missing.name}`, "a page and an API", deploy);
  }
  const failed = states.find(({ ready }) => ready === 0);
  if (failed === undefined) return ok(`${text} ready`);
  const logs = `kubectl --namespace ${servicesNamespace} logs deployment/${failed.name} --tail 20`;
  return warning(`${text} ready`, "a ready pod of each", `${logs} (docs/services.md)`);
}
