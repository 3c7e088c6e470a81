import { type NodeTarget, roomForPods } from "../pools/node-target.ts";
import { type Problem, show } from "../support/problems.ts";
import { type Bounds, boundsProblems } from "./bounds.ts";
import { leastCpuForANodeAlone, podResources, type WorkerJobSettings } from "./worker-job-settings.ts";

/** Far beyond any machine; a limit may be as high as one likes. */
const unlimited = 2 ** 31;

/** A pod that no node has room for waits for ever, while the autoscaler buys and returns one node after another. */
export function workerResourceProblems(settings: WorkerJobSettings, target: NodeTarget): Problem[] {
  const tooLarge = requestBounds(settings, target).flatMap(boundsProblems);
  if (tooLarge.length > 0) return tooLarge;
  return [...limitBounds(settings, target).flatMap(boundsProblems), ...placementProblems(settings, target)];
}

function requestBounds(settings: WorkerJobSettings, target: NodeTarget): Bounds[] {
  const { cpuRequestMillis, memoryRequestMiB, temporaryStorageMiB, gpus } = podResources(settings, target);
  const room = roomForPods(target);
  const mostOf = `a node of ${target.name} has for pods`;
  const larger = "ask for less, or use a pool of larger machines";
  return [
    {
      path: "cpuRequestMillis",
      value: cpuRequestMillis,
      least: 1,
      most: room.cpuMillis,
      unit: "thousandths of a core",
      mostOf,
      fix: larger,
    },
    {
      path: "memoryRequestMiB",
      value: memoryRequestMiB,
      least: 1,
      most: room.memoryMiB,
      unit: "MiB",
      mostOf,
      fix: larger,
    },
    {
      path: "temporaryStorageMiB",
      value: temporaryStorageMiB,
      least: 1,
      most: room.ephemeralStorageMiB,
      unit: "MiB",
      mostOf,
      fix: "use a smaller batchSize, or a pool with larger volumes",
    },
    {
      path: "gpus",
      value: gpus,
      least: 0,
      most: room.gpus,
      mostOf: `a node of ${target.name} has`,
      fix: target.gpu ? larger : "use a pool with gpu: true",
    },
  ];
}

function limitBounds(settings: WorkerJobSettings, target: NodeTarget): Bounds[] {
  const { cpuRequestMillis, cpuLimitMillis, memoryRequestMiB, memoryLimitMiB } = podResources(settings, target);
  const common = {
    most: unlimited,
    mostOf: "any machine has",
    leastOf: "what is requested",
    fix: "raise the limit, or lower the request",
  };
  return [
    {
      path: "cpuLimitMillis",
      value: cpuLimitMillis,
      least: cpuRequestMillis,
      unit: "thousandths of a core",
      ...common,
    },
    { path: "memoryLimitMiB", value: memoryLimitMiB, least: memoryRequestMiB, unit: "MiB", ...common },
  ];
}

function placementProblems(settings: WorkerJobSettings, target: NodeTarget): Problem[] {
  const { cpuRequestMillis } = podResources(settings, target);
  const least = leastCpuForANodeAlone(target);
  if (settings.placement !== "one-per-node" || cpuRequestMillis >= least) return [];
  return [
    {
      path: ["cpuRequestMillis"],
      what: "leaves room for a second pod, beside placement one-per-node",
      got: show(cpuRequestMillis),
      allowed: `${least} or more, above half of a node of ${target.name}`,
      fix: "leave it out, or use another placement",
    },
  ];
}
