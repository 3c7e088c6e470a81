import { Token } from "cdktf";
import {
  countNoun,
  leastMemoryMiB,
  memoryProblems,
  problemOfValue,
  problemsOf,
  RUN_HASH_LENGTH,
} from "sweep-worker/contract";
import type { NodeTarget } from "../pools/node-target.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "../support/kubernetes-syntax.ts";
import { type Problem, show, within } from "../support/problems.ts";
import { programMemoryProblems } from "./program-memory.ts";
import { atMost, placeProblems, quantity, roomProblems } from "./room-problems.ts";
import { type WorkerJobSettings, workerJobSettingsSchema, workerSettingNames } from "./worker-job-settings.ts";
import { leastCpuForANodeAlone, podResources, smallestBlocks } from "./worker-pod.ts";

type Name = keyof WorkerJobSettings;
/** Tells whether a setting has no problem of its own, and can be compared with others. */
type IsRight = (name: Name) => boolean;

const names = Object.keys(workerJobSettingsSchema.shape) as readonly Name[];
/** The names of a Job and of its run get a hyphen and a hash appended. */
const suffixLength = 1 + RUN_HASH_LENGTH;

/**
 * Everything that is wrong with a sweep; each `path` starts with the setting.
 *
 * @param target the nodes that it runs on. Without a target, the resources of its pods are not compared with the room on a node.
 */
export function workerJobProblems(settings: WorkerJobSettings, target: NodeTarget | undefined): Problem[] {
  const own = ownProblems(settings);
  const wrong = new Set(own.map(({ path: [name] }) => name));
  const isRight: IsRight = (name) => !wrong.has(name);
  return [
    ...own,
    ...nameProblems(settings, isRight),
    ...evaluationProblems(settings, isRight),
    ...problemsOf(settings, workerSettingNames.filter(isRight)),
    ...countProblems(settings, isRight),
    ...(target === undefined ? [] : resourceProblems(withRightBlocks(settings, isRight), target, isRight)),
  ];
}

/** The values that are wrong whatever the others are. */
function ownProblems(settings: WorkerJobSettings): Problem[] {
  return names.flatMap((name) => {
    const value = settings[name];
    const schema = workerJobSettingsSchema.shape[name];
    if (!Token.isUnresolved(value)) return problemOfValue(name, value, schema);
    // A hash over the settings names the Job and its run, and a placeholder of Terraform is another at every synthesis.
    return [
      { path: [name], allowed: "known at synthesis", got: "a token of Terraform", fix: "write the value itself" },
    ];
  });
}

function nameProblems({ name, workers, secretName, runName }: WorkerJobSettings, isRight: IsRight): Problem[] {
  // Kubernetes makes a host name of the Job's name and the index ("will not able to create pod with invalid DNS hostname").
  const indexLength = isRight("workers") ? 1 + String(workers - 1).length : 0;
  const labels = [
    { key: "name", value: name, length: 63 - suffixLength - indexLength },
    { key: "runName", value: runName, length: 63 },
  ] as const;
  const problems = labels.flatMap(({ key, value, length }) =>
    value === undefined || !isRight(key) ? [] : within([key], dnsLabelProblems(value, length)),
  );
  // Users choose the name of a Secret, and other programs do: all names that Kubernetes takes are right.
  if (secretName !== undefined && isRight("secretName")) {
    problems.push(...within(["secretName"], dnsSubdomainProblems(secretName)));
  }
  return problems;
}

/** A worker would ignore the module silently. */
function evaluationProblems({ evaluation, evaluationCommand }: WorkerJobSettings, isRight: IsRight): Problem[] {
  if (evaluation === undefined || evaluationCommand === undefined) return [];
  if (!isRight("evaluation") || !isRight("evaluationCommand")) return [];
  const got = `${show(evaluation)} and ${show(evaluationCommand)}`;
  const fix = "remove the one that you do not mean";
  return [{ path: ["evaluation"], allowed: "left out when there is an evaluationCommand", got, fix }];
}

function countProblems({ workers, parallelism, maxFailedIndexes }: WorkerJobSettings, isRight: IsRight): Problem[] {
  if (!isRight("workers")) return [];
  const reason = `the job has ${countNoun(workers, "worker")}`;
  return [
    ...atMost("parallelism", parallelism, workers, `${reason}; leave it out to run all of them at once`),
    ...atMost("maxFailedIndexes", maxFailedIndexes, workers, `${reason}; leave it out for a tenth of them`),
  ].filter(({ path: [name] }) => isRight(name as Name));
}

/** Settings without a wrong size of blocks, which would make the pod's memory and storage wrong too. */
function withRightBlocks(settings: WorkerJobSettings, isRight: IsRight): WorkerJobSettings {
  const { batchSize, resultColumns } = settings;
  return {
    ...settings,
    batchSize: isRight("batchSize") ? batchSize : undefined,
    resultColumns: isRight("resultColumns") ? resultColumns : undefined,
  };
}

function resourceProblems(settings: WorkerJobSettings, target: NodeTarget, isRight: IsRight): Problem[] {
  const pod = podResources(settings, target);
  const nowhere = placeProblems(target, "workers");
  if (nowhere.length > 0) return nowhere;
  const requests = roomProblems(pod, target);
  const problems =
    requests.length > 0 ? requests : [...limitProblems(settings, target), ...placementProblems(settings, target)];
  return problems.filter(({ path: [name] }) => isRight(name as Name));
}

function limitProblems(settings: WorkerJobSettings, target: NodeTarget): Problem[] {
  const pod = podResources(settings, target);
  const fix = "the pod requests as much; raise the limit, or lower the request";
  const blocks = smallestBlocks(settings);
  const forBlocks = memoryProblems(pod.memoryLimitMiB, blocks);
  const tooLittle =
    forBlocks.length > 0 ? forBlocks : programMemoryProblems(settings, pod.memoryLimitMiB, leastMemoryMiB(blocks));
  return [
    ...atLeast("cpuLimitMillis", pod.cpuLimitMillis, pod.cpuRequestMillis, fix),
    ...(tooLittle.length > 0 ? tooLittle : atLeast("memoryLimitMiB", pod.memoryLimitMiB, pod.memoryRequestMiB, fix)),
  ];
}

function placementProblems(settings: WorkerJobSettings, target: NodeTarget): Problem[] {
  if (settings.placement !== "one-per-node") return [];
  const { cpuRequestMillis } = podResources(settings, target);
  const fix = `a second pod would fit on a node of ${target.name}, beside placement one-per-node; leave it out, or use another placement`;
  return atLeast("cpuRequestMillis", cpuRequestMillis, leastCpuForANodeAlone(target), fix);
}

function atLeast(name: Name, value: number, least: number, fix: string): Problem[] {
  if (!(value < least)) return [];
  return [{ path: [name], allowed: `${quantity(name, least)} or more`, got: show(value), fix }];
}
