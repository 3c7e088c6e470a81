import { shorten } from "../contract/errors.ts";
import type { CoreV1Event, V1Pod } from "./kubernetes.ts";

/** The part of an event that tells a reason. */
export type ReasonEvent = Pick<
  CoreV1Event,
  "involvedObject" | "reason" | "message" | "lastTimestamp" | "eventTime" | "firstTimestamp" | "series"
>;

const LONGEST = 300;
/** The autoscaler says once that it buys a machine, and the scheduler says again and again meanwhile that there is no room. */
const MACHINE_COMES_WITHIN_MS = 15 * 60_000;

/** What an event of a pod means for somebody who waits, by its reason. Its message follows, as far as it says more. */
const MEANINGS: Readonly<Record<string, string>> = {
  FailedScheduling: "no machine has room for it",
  TriggeredScaleUp: "a machine is being started for it, which takes about three minutes",
  NotTriggerScaleUp: "no pool may start a machine for it",
  Preempted: "a more important pod has taken its place",
  Preempting: "a more important pod takes its place",
  Evicted: "its machine has put it out",
  TaintManagerEviction: "its machine is going away",
  FailedMount: "its volumes cannot be mounted",
  FailedCreatePodSandBox: "its machine cannot give it a network",
  Scheduled: "its machine is there, and prepares it",
  Pulling: "its image is being loaded",
  Pulled: "its container is being started",
  Created: "its container is being started",
  Started: "its container is being started",
};

/** Why a container does not run, by the word of the kubelet. */
const CONTAINER_MEANINGS: Readonly<Record<string, string>> = {
  ContainerCreating: "its container is being prepared",
  PodInitializing: "its container is being prepared",
  ErrImagePull: "its image cannot be loaded",
  ImagePullBackOff: "its image cannot be loaded",
  InvalidImageName: "its image has a wrong name",
  CreateContainerConfigError: "its settings cannot be read",
  CreateContainerError: "its container cannot be created",
  RunContainerError: "its container cannot be started",
  CrashLoopBackOff: "it has ended again and again, and is started later",
  OOMKilled: "it has used more memory than its limit, and was ended",
  DeadlineExceeded: "it has used up its time",
  Evicted: "its machine has put it out",
  Preempting: "a more important pod takes its place",
  NodeLost: "its machine is gone",
};

/** Causes of an interruption, which Kubernetes writes into the condition DisruptionTarget. */
const DISRUPTIONS: Readonly<Record<string, string>> = {
  PreemptionByScheduler: "a more important pod has taken its place",
  DeletionByTaintManager: "its machine was going away",
  EvictionByEvictionAPI: "its machine was emptied",
  DeletionByPodGC: "its machine is gone",
  TerminationByKubelet: "its machine was stopped, or had no memory left",
};

/** Why a pod waits or has failed, in words. Null if nothing is known yet. @param events those of the pod, in any order. */
export function reasonOf(pod: V1Pod, events: readonly ReasonEvent[], now = Date.now()): string | null {
  return pod.status?.phase === "Failed" ? whyFailed(pod) : whyWaiting(pod, events, now);
}

function whyFailed({ status = {} }: V1Pod): string | null {
  const disruption = status.conditions?.find((one) => one.type === "DisruptionTarget" && one.status === "True");
  if (disruption !== undefined)
    return words(DISRUPTIONS[disruption.reason ?? ""] ?? "it was interrupted", disruption.message);
  const ended = status.containerStatuses?.map(({ state }) => state?.terminated).find((one) => one !== undefined);
  const reason = status.reason ?? ended?.reason;
  const meaning =
    CONTAINER_MEANINGS[reason ?? ""] ?? (ended === undefined ? reason : `it has ended with ${ended.exitCode}`);
  // The kubelet puts the end of the log there, whose last line is the error.
  const lastLine = ended?.message?.trimEnd().split("\n").at(-1);
  return meaning === undefined ? null : words(meaning, status.message ?? lastLine);
}

function whyWaiting({ metadata, status = {} }: V1Pod, events: readonly ReasonEvent[], now: number): string | null {
  if (metadata?.deletionTimestamp !== undefined) return "it is ending";
  const waiting = status.containerStatuses?.map(({ state }) => state?.waiting).find((one) => one?.reason !== undefined);
  const isPreparing = waiting?.reason === "ContainerCreating" || waiting?.reason === "PodInitializing";
  if (waiting !== undefined && !isPreparing) {
    return words(CONTAINER_MEANINGS[waiting.reason ?? ""] ?? (waiting.reason as string), waiting.message);
  }
  const event = decisive(events, now);
  if (event !== undefined) return words(meaningOf(event), isSelfEvident(event) ? undefined : event.message);
  if (waiting !== undefined) return CONTAINER_MEANINGS[waiting.reason ?? ""] ?? null;
  const unscheduled = status.conditions?.find(({ type, status: is }) => type === "PodScheduled" && is === "False");
  return unscheduled === undefined ? null : words(MEANINGS.FailedScheduling as string, unscheduled.message);
}

/** The last event, except that a machine that comes explains more than the scheduler's next complaint. */
function decisive(events: readonly ReasonEvent[], now: number): ReasonEvent | undefined {
  const known = events.filter(({ reason = "" }) => reason in MEANINGS).sort((a, b) => timeOf(b) - timeOf(a));
  const [last] = known;
  if (last?.reason !== "FailedScheduling") return last;
  const answer = known.find(({ reason }) => reason === "TriggeredScaleUp" || reason === "NotTriggerScaleUp");
  return answer !== undefined && now - timeOf(answer) < MACHINE_COMES_WITHIN_MS ? answer : last;
}

function timeOf({ series, lastTimestamp, eventTime, firstTimestamp }: ReasonEvent): number {
  const time = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp;
  return time === undefined ? 0 : new Date(time).getTime();
}

function meaningOf({ reason = "" }: ReasonEvent): string {
  return MEANINGS[reason] ?? reason;
}

/** Their messages only repeat it. */
function isSelfEvident({ reason = "" }: ReasonEvent): boolean {
  return ["Scheduled", "Pulling", "Pulled", "Created", "Started", "TriggeredScaleUp"].includes(reason);
}

function words(meaning: string, message: string | undefined): string {
  return shorten(message === undefined || message === "" ? meaning : `${meaning}: ${message}`, LONGEST);
}
