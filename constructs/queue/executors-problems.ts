import { Token } from "cdktf";
import { DEFAULTS, formatCount, leastMemoryMiB, problemOfValue } from "sweep-worker/contract";
import { type NodeTarget, roomForPods } from "../pools/node-target.ts";
import { type Problem, show } from "../support/problems.ts";
import { placeProblems, roomProblems } from "../workload/room-problems.ts";
import type { ContainerResources } from "../workload/worker-pod.ts";
import { type ExecutorsOptions, executorsOptionsSchema, executorsWithDefaults } from "./executors-options.ts";

type Name = keyof ExecutorsOptions;
const names = Object.keys(executorsOptionsSchema.shape) as readonly Name[];

/** Temporary storage for an evaluation, in MiB. */
const evaluationMiB = 64;
/** A slot keeps the evaluations of the last two runs, so that it can change between them. */
const runsOfASlot = 2;

/** Requests and limits of an executor. Its CPU has no limit: executors share what their node has idle. */
export function executorResources(options: ExecutorsOptions, target: NodeTarget): ContainerResources {
  const { cpuRequestMillis, memoryRequestMiB, slots } = executorsWithDefaults(options, target);
  return {
    cpuRequestMillis,
    memoryRequestMiB,
    memoryLimitMiB: memoryRequestMiB,
    gpus: target.gpu ? 1 : 0,
    // Blocks on their way to the bucket are in memory too, so that storage of half the memory never is the tighter of the two.
    temporaryStorageMiB: Math.ceil(memoryRequestMiB / 2) + slots * runsOfASlot * evaluationMiB,
  };
}

/**
 * Everything that is wrong with executors; each `path` starts with the option.
 *
 * @param target the nodes that they run on. Without a target, their resources are not compared with the room on a node.
 */
export function executorsProblems(options: ExecutorsOptions, target: NodeTarget | undefined): Problem[] {
  const own = names.flatMap((name) => ownProblems(name, options[name]));
  const isRight = ({ path: [name] }: Problem) => own.every(({ path }) => path[0] !== name);
  const others = [
    ...memoryProblems(options, target),
    ...(target === undefined ? [] : [...gpuProblems(options, target), ...resourceProblems(options, target)]),
  ];
  return [...own, ...others.filter(isRight)];
}

/** The problem of a value that is wrong whatever the others are. */
function ownProblems(name: Name, value: unknown): Problem[] {
  if (!Token.isUnresolved(value)) {
    return problemOfValue(name, value, executorsOptionsSchema.shape[name]);
  }
  // A hash over the options tells Kubernetes to replace executors, and a placeholder of Terraform is another at every synthesis.
  return [{ path: [name], allowed: "known at synthesis", got: "a token of Terraform", fix: "write the value itself" }];
}

/** The executor itself needs a share as large as that of a slot. */
function memoryProblems(options: ExecutorsOptions, target: NodeTarget | undefined): Problem[] {
  const { memoryRequestMiB, slots } = executorsWithDefaults(options, target);
  const leastMiB = (slots + 1) * leastMemoryMiB({ batchSize: DEFAULTS.batchSize, columns: 1 });
  if (!(memoryRequestMiB < leastMiB)) return [];
  const allowed = `${formatCount(leastMiB)} MiB or more`;
  const fix = `${slots === 1 ? "an executor with 1 slot needs" : `an executor with ${slots} slots needs`} as much; raise it, or use fewer slots`;
  return [{ path: ["memoryRequestMiB"], allowed, got: gotOf(options, "memoryRequestMiB"), fix }];
}

/** Two evaluations would each take the memory of the GPU for themselves. */
function gpuProblems(options: ExecutorsOptions, target: NodeTarget): Problem[] {
  const { slots = 1 } = options;
  if (!target.gpu || slots === 1) return [];
  const fix = "an executor has one GPU, which one evaluation uses; leave it out";
  return [{ path: ["slots"], allowed: `1 on the GPUs of ${target.name}`, got: show(slots), fix }];
}

function resourceProblems(options: ExecutorsOptions, target: NodeTarget): Problem[] {
  const nowhere = placeProblems(target, "size");
  if (nowhere.length > 0) return nowhere;
  const resources = executorResources(options, target);
  const problems = roomProblems(resources, target);
  const storage = problems.find(({ path: [resource] }) => resource === "temporaryStorageMiB");
  const requests = problems.filter((problem) => problem !== storage);
  if (requests.length > 0 || storage === undefined) return requests.map((problem) => named(options, problem));
  return storageProblems(options, target, resources.temporaryStorageMiB);
}

/** The storage of an executor is derived, so that its memory is to blame. */
function storageProblems(options: ExecutorsOptions, target: NodeTarget, storageMiB: number): Problem[] {
  const { memoryRequestMiB } = executorsWithDefaults(options, target);
  const { ephemeralStorageMiB } = roomForPods(target);
  const mostMiB = memoryRequestMiB - 2 * (storageMiB - ephemeralStorageMiB);
  const allowed = `${formatCount(Math.max(0, mostMiB))} MiB or less`;
  const fix = `/tmp is half as large, and a volume of ${target.name} has no more room for it; ask for less, or use a pool with larger volumes`;
  return [{ path: ["memoryRequestMiB"], allowed, got: gotOf(options, "memoryRequestMiB"), fix }];
}

/** The author of an environment has not written a default. */
function named(options: ExecutorsOptions, problem: Problem): Problem {
  const [name] = problem.path;
  return names.includes(name as Name) ? { ...problem, got: gotOf(options, name as Name) } : problem;
}

function gotOf(options: ExecutorsOptions, name: Name): string {
  const value = show(executorsWithDefaults(options)[name]);
  return options[name] === undefined ? `${value}, the default` : value;
}
