import { readConfiguration, toEnvironment, type WorkerConfiguration } from "../worker/src/contract.ts";
import { SweepError } from "../worker/src/errors.ts";
import { dnsLabelProblems } from "./kubernetes-syntax.ts";
import { type NodeTarget, roomForPods } from "./node-target.ts";
import { oneOf, type Problem, show, within } from "./validation.ts";
import {
  leastCpuForANodeAlone,
  type PodResources,
  placements,
  podResources,
  type WorkerJobSettings,
} from "./worker-job-settings.ts";
import { workerConfigurationOf } from "./worker-run.ts";

/**
 * `completionsSoftLimit` and `maxParallelismForIndexedJob`: beyond them Kubernetes wants far fewer pods at a time, and the
 * list of finished indexes alone fills the Job's status.
 * @see https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/apis/batch/validation/validation.go
 */
export const maximumCompletions = 100_000;
/** Characters that {@link WorkerJobSettings.name} gets behind it: a hyphen and a hash. */
const hashLength = 9;

/** Everything that is wrong with a sweep; `path` starts with the setting. Without a target, its room is not looked at. */
export function workerJobProblems(settings: WorkerJobSettings, target: NodeTarget | undefined): Problem[] {
  return [
    ...nameProblems(settings),
    ...countProblems(settings),
    ...contractProblems(settings),
    ...wordProblems(settings),
    ...(target === undefined ? [] : resourceProblems(settings, target)),
  ];
}

/** Kubernetes makes a host name of the Job's name and the index ("will not able to create pod with invalid DNS hostname"). */
function nameProblems({ name, workers }: WorkerJobSettings): Problem[] {
  const indexLength = 1 + String(Math.max(0, Math.min(workers, maximumCompletions) - 1)).length;
  return within(["name"], dnsLabelProblems(name, 63 - hashLength - indexLength));
}

function countProblems(settings: WorkerJobSettings): Problem[] {
  const { workers, parallelism, maxFailedIndexes, backoffLimitPerIndex } = settings;
  const problems: Problem[] = [];
  const check = (path: string, value: number | undefined, least: number, most: number, limit: string, fix: string) => {
    if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
    const what = value > most ? `is more than ${limit}` : "is not a count";
    const allowed = `a whole number from ${least} to ${most.toLocaleString("en")}`;
    problems.push({ path: [path], what, got: show(value), allowed, fix });
  };
  const kubernetes = "Kubernetes allows an Indexed Job (completionsSoftLimit and maxParallelismForIndexedJob)";
  check("workers", workers, 1, maximumCompletions, kubernetes, "give each worker more parameters");
  const most = Math.max(1, Math.min(workers, maximumCompletions));
  check("parallelism", parallelism, 0, most, "there are workers", "leave it out to run all workers at once");
  check("maxFailedIndexes", maxFailedIndexes, 0, most, "there are workers", "leave it out for a tenth of them");
  check("backoffLimitPerIndex", backoffLimitPerIndex, 0, 2 ** 31 - 1, "an int32 holds", "use for example 6");
  return problems;
}

/** What the worker itself would refuse, found before there is a pod. */
function contractProblems(settings: WorkerJobSettings): Problem[] {
  // One worker: how many there are is checked above, with the reason.
  const configuration = workerConfigurationOf({ ...settings, workers: 1 }, "s3://bucket/prefix");
  try {
    readConfiguration({ ...toEnvironment(configuration), WORKER_ID: "0" }, (property) => property);
    return [];
  } catch (error) {
    if (!(error instanceof SweepError)) throw error;
    return error.message.split("\n").map(problemOfLine);
  }
}

/** The contract reports `<property>: got <value>; allowed is <what is>`, a line for each. */
function problemOfLine(line: string): Problem {
  const [, property = "", got = "", allowed = ""] = /^(\w+): got (.*); allowed is (.*)$/.exec(line) ?? [];
  const path = [property satisfies string as keyof WorkerConfiguration];
  return { path, what: "is nothing the worker takes", got, allowed, fix: "use such a value" };
}

function wordProblems({ placement, secretName, runName }: WorkerJobSettings): Problem[] {
  const problems: Problem[] = [];
  if (placement !== undefined && !placements.includes(placement)) {
    const fix = 'use for example "spread"';
    problems.push({ path: ["placement"], what: "is unknown", got: show(placement), allowed: oneOf(placements), fix });
  }
  if (secretName !== undefined) problems.push(...within(["secretName"], dnsLabelProblems(secretName, 63)));
  if (runName !== undefined) problems.push(...within(["runName"], dnsLabelProblems(runName, 63)));
  return problems;
}

/** A pod that no node has room for waits for ever, while the autoscaler buys and returns one node after another. */
function resourceProblems(settings: WorkerJobSettings, target: NodeTarget): Problem[] {
  const resources = podResources(settings, target);
  const room = roomForPods(target);
  const problems: Problem[] = [];
  const node = `a node of ${target.name}`;
  const check = (name: keyof PodResources, least: number, most: number, unit: string, why: string, fix: string) => {
    const value = resources[name];
    if (Number.isInteger(value) && value >= least && value <= most) return;
    const what =
      value > most ? `is more than ${why}` : value < least && least > 1 ? `is less than ${why}` : "is not an amount";
    const allowed = `a whole number from ${least} to ${most}${unit}`;
    problems.push({ path: [name], what, got: show(value), allowed, fix });
  };
  const larger = "ask for less, or use a pool of larger machines";
  const fits = `${node} has for pods`;
  check("cpuRequestMillis", 1, room.cpuMillis, " thousandths of a core", fits, larger);
  check("memoryRequestMiB", 1, room.memoryMiB, " MiB", fits, larger);
  check(
    "temporaryStorageMiB",
    1,
    room.ephemeralStorageMiB,
    " MiB",
    fits,
    "use a smaller batchSize, or a pool with larger volumes",
  );
  check("gpus", 0, room.gpus, "", `${node} has`, target.gpu ? larger : "use a pool with gpu: true");
  if (problems.length > 0) return problems;
  const above = { least: "what is requested", fix: "raise the limit, or lower the request" };
  check("cpuLimitMillis", resources.cpuRequestMillis, 2 ** 31, " thousandths of a core", above.least, above.fix);
  check("memoryLimitMiB", resources.memoryRequestMiB, 2 ** 31, " MiB", above.least, above.fix);
  if (settings.placement === "one-per-node" && resources.cpuRequestMillis < leastCpuForANodeAlone(target)) {
    problems.push({
      path: ["cpuRequestMillis"],
      what: "leaves room for a second pod, beside placement one-per-node",
      got: show(resources.cpuRequestMillis),
      allowed: `${leastCpuForANodeAlone(target)} or more, above half of ${node}`,
      fix: "leave it out, or use another placement",
    });
  }
  return problems;
}
