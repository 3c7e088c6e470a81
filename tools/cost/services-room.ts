import { formatCount } from "sweep-worker/contract";
import { servicesRequests } from "../../constructs/services/platform-services.ts";
import type { ResolvedEnvironment } from "../../stacks/configuration/resolved-environment.ts";
import { alwaysOn, keda, othersCpuMillis, type Room } from "./keda-room.ts";

/** CPU that the two pods of the load balancer's controller request. */
const controllerCpuMillis = 200;

/** Whether the pods of services fit on the nodes that are always there, and what they cost. */
export function servicesRoom(environment: ResolvedEnvironment): Room | undefined {
  const { services, workload, alwaysOnPools } = environment;
  if (services === undefined) return undefined;
  const { minReplicas, maxReplicas } = services.options;
  const { frontend, api } = servicesRequests;
  const cpuMillis = (replicas: number) => replicas * (frontend.cpuRequestMillis + api.cpuRequestMillis);
  const withKeda = workload.executors.length > 0;
  const withController = services.options.ingress !== undefined;
  const others = othersCpuMillis + (withKeda ? keda.cpuMillis : 0) + (withController ? controllerCpuMillis : 0);
  const room = alwaysOn(alwaysOnPools);
  const asked = `The page and the API ask for ${formatCount(cpuMillis(minReplicas))}m, ${formatCount(cpuMillis(maxReplicas))}m when they are busy, the other programs of the platform${withKeda ? " and KEDA" : ""} for ${formatCount(others)}m, and ${room.text}`;
  const fits = cpuMillis(minReplicas) + others <= room.cpuMillis;
  const fitsBusy = cpuMillis(maxReplicas) + others <= room.cpuMillis;
  if (!fits) return { fits, text: `${asked}: the autoscaler buys another node for them, and keeps it` };
  if (fitsBusy) return { fits, text: `${asked}: they fit, so that they cost nothing beside requests to the bucket` };
  return {
    fits,
    text: `${asked}: they fit while they are idle, and the autoscaler buys another node when they are busy`,
  };
}
