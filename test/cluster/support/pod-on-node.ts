import type { EventEmitter } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Container, type Ending } from "./container.ts";
import { containerEnvironment } from "./container-environment.ts";
import { type KubernetesApi, KubernetesError, type KubernetesObject } from "./kubernetes-api.ts";

/** What containers have that their pods do not say. */
export interface ContainerSurroundings {
  /** The command line of the image's ENTRYPOINT, and its ENV. Every image of every pod is this one. */
  readonly image: { readonly entrypoint: readonly string[]; readonly environment: Readonly<Record<string, string>> };
  /**
   * Environment variables that a container has beside those of its pod. The webhook of EKS Pod Identity writes the variables of the
   * credentials into the pod; here is no webhook, and S3 has another address.
   */
  readonly environment: Readonly<Record<string, string>>;
}

/** The kubelet, as its pods see it. */
export interface NodeOfPods {
  /** The API with the rights of the node. */
  readonly api: KubernetesApi;
  readonly options: ContainerSurroundings;
  /** Folder of the pods' volumes. */
  readonly folder: string;
  /** Whether the node has been taken away: nothing of it is heard any more. */
  readonly isGone: boolean;
  /** `SIGTERM <pod>` when a container has got that signal. */
  readonly events: EventEmitter;
}

/** The kubelet tries again after ten seconds and more; nothing here needs the patience. */
const RETRY_MS = 1_000;

/** How a container has ended, as the pod's status has it. */
interface TerminatedState extends Ending {
  readonly message: string | undefined;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

function lastState(terminated: TerminatedState | undefined): KubernetesObject {
  return terminated === undefined ? {} : { lastState: { terminated } };
}

/** One pod, from its binding to its end. */
export class PodOnNode {
  private pod: KubernetesObject;
  /** Of every start. */
  private readonly containers: Container[] = [];
  private isDeleted = false;
  /** Resolves when the pod is to be deleted. */
  private readonly deletion: Promise<void>;
  private onDeletion = () => {};

  constructor(
    private readonly kubelet: NodeOfPods,
    pod: KubernetesObject,
  ) {
    this.pod = pod;
    this.deletion = new Promise((resolve) => {
      this.onDeletion = () => {
        this.isDeleted = true;
        resolve();
      };
    });
    this.update(pod);
    void this.run();
  }

  get name(): string {
    return this.pod.metadata.name;
  }

  get log(): string {
    return this.containers.map(({ log }) => log).join("");
  }

  update(pod: KubernetesObject): void {
    this.pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) this.onDeletion();
  }

  kill(): void {
    this.killContainer();
    this.onDeletion();
  }

  /** Ends the container as the kernel does, without the pod. */
  killContainer(): void {
    this.containers.at(-1)?.kill();
  }

  private async run(): Promise<void> {
    // Pods of an earlier kubelet of the same node; here is none.
    if (this.pod.status.phase !== "Pending") return;
    const terminated = await this.untilEndedForGood();
    if (terminated === undefined) await this.reportNeverStarted();
    else await this.reportEnded(terminated);
    await this.deletion;
    await this.removeFromApi();
  }

  /** Starts the container, and again where the pod wants that. @returns its last state; undefined if it never started. */
  private async untilEndedForGood(): Promise<TerminatedState | undefined> {
    const isRestarted = this.pod.spec.restartPolicy === "Always";
    for (let terminated: TerminatedState | undefined; ; ) {
      const container = await this.start();
      if (container === undefined) return terminated;
      this.containers.push(container);
      terminated = await this.untilEnded(container, terminated);
      if (!isRestarted || this.isDeleted) return terminated;
      await this.reportBackOff(terminated);
      await Promise.race([this.deletion, sleep(RETRY_MS)]);
    }
  }

  /** @returns undefined if the pod is to be deleted before its container could start. */
  private async start(): Promise<Container | undefined> {
    const { options } = this.kubelet;
    const [spec] = this.pod.spec.containers;
    const [entry, ...rest] = spec.command ?? options.image.entrypoint;
    while (!this.isDeleted) {
      let environment: Record<string, string>;
      try {
        environment = await containerEnvironment(this.kubelet.api, this.pod, spec);
      } catch (error) {
        if (this.kubelet.isGone) break;
        if (!(error instanceof KubernetesError)) throw error;
        await this.reportWaiting("CreateContainerConfigError", error.message);
        await Promise.race([this.deletion, sleep(RETRY_MS)]);
        continue;
      }
      if (this.isDeleted) break;
      const directory = join(this.kubelet.folder, this.pod.metadata.uid);
      const container = new Container({
        command: [entry, ...rest, ...(spec.args ?? [])],
        // A container sees nothing of its node's environment.
        environment: {
          PATH: process.env.PATH ?? "",
          ...options.image.environment,
          ...environment,
          ...options.environment,
          ...mountedFolders(this.pod, directory),
        },
        directory,
        memoryLimitBytes: bytesOf(spec.resources?.limits?.memory),
      });
      return container;
    }
    return undefined;
  }

  private async untilEnded(container: Container, before?: TerminatedState): Promise<TerminatedState> {
    const { startedAt } = container;
    const state = { running: { startedAt } };
    await this.report("Running", true, undefined, { started: true, ready: true, state, ...lastState(before) });
    const stopped = this.deletion.then(() => {
      // The grace of the request that deletes the pod: an eviction and `kubectl delete --grace-period` may give another than the pod.
      const { deletionGracePeriodSeconds = 0 } = this.pod.metadata;
      const hasEnded = container.stop(deletionGracePeriodSeconds * 1000);
      this.kubelet.events.emit(`SIGTERM ${this.name}`);
      return hasEnded;
    });
    await Promise.race([container.ended, stopped]);
    const { exitCode, reason } = await container.ended;
    const message = exitCode === 0 ? undefined : terminationMessage(container.log);
    return { exitCode, reason, message, startedAt, finishedAt: new Date() };
  }

  /** The phase of a pod that is not restarted, or that is deleted: a container that ended with 0 in its grace has succeeded. */
  private async reportEnded(terminated: TerminatedState): Promise<void> {
    const isDone = terminated.exitCode === 0;
    const why = isDone ? "PodCompleted" : "PodFailed";
    const state = { terminated };
    await this.report(isDone ? "Succeeded" : "Failed", false, why, { started: false, ready: false, state });
  }

  /** The container of a Deployment starts again, whatever its exit code was. */
  private async reportBackOff(terminated: TerminatedState): Promise<void> {
    const state = { waiting: { reason: "CrashLoopBackOff" } };
    const status = { started: false, ready: false, state, ...lastState(terminated) };
    await this.report("Running", false, "ContainersNotReady", status);
  }

  /** The container cannot start yet, and the kubelet tries again. */
  private async reportWaiting(reason: string, message: string): Promise<void> {
    const state = { waiting: { reason, message } };
    await this.report("Pending", false, "ContainersNotReady", { started: false, ready: false, state });
  }

  /**
   * A pod that is deleted before its container has started has failed, too: an Indexed Job with a pod failure policy makes no other
   * pod of the index before this one has a phase that is an end.
   * @see https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/kubelet/status/status_manager.go TerminatePod
   */
  private async reportNeverStarted(): Promise<void> {
    const message = "The container could not be located when the pod was terminated";
    const state = { terminated: { exitCode: 137, reason: "ContainerStatusUnknown", message } };
    await this.report("Failed", false, "PodFailed", { started: false, ready: false, state });
  }

  /**
   * Changes the parts of the status that belong to the kubelet. Others stay, such as the condition DisruptionTarget, since conditions are
   * merged by their type.
   * @see https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/util/pod/pod.go PatchPodStatus
   */
  private async report(
    phase: string,
    isReady: boolean,
    reason: string | undefined,
    of: KubernetesObject,
  ): Promise<void> {
    const [{ name, image }] = this.pod.spec.containers;
    const { uid } = this.pod.metadata;
    const restartCount = Math.max(0, this.containers.length - 1);
    const status = {
      phase,
      startTime: this.pod.status.startTime ?? new Date(),
      conditions: [
        condition("Initialized", true),
        condition("Ready", isReady, reason),
        condition("ContainersReady", isReady, reason),
      ],
      containerStatuses: [{ name, image, imageID: "", restartCount, ...of }],
    };
    const patch = { metadata: { uid }, status };
    await this.send(
      "PATCH",
      `${this.path}/status?fieldValidation=Strict`,
      patch,
      "application/strategic-merge-patch+json",
    );
  }

  /**
   * The API server keeps a pod until its kubelet says that nothing of it runs any more.
   * @see https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/kubelet/status/status_manager.go canBeDeleted
   */
  private async removeFromApi(): Promise<void> {
    const { uid } = this.pod.metadata;
    await this.send("DELETE", this.path, { gracePeriodSeconds: 0, preconditions: { uid } });
    rmSync(join(this.kubelet.folder, uid), { recursive: true, force: true, maxRetries: 5 });
  }

  private get path(): string {
    const { namespace, name } = this.pod.metadata;
    return `/api/v1/namespaces/${namespace}/pods/${name}`;
  }

  private async send(...request: Parameters<KubernetesApi["json"]>): Promise<void> {
    try {
      if (!this.kubelet.isGone) await this.kubelet.api.json(...request);
    } catch (error) {
      // Somebody else may have deleted the pod, or another one may have its name.
      const isOver = error instanceof KubernetesError && [404, 409].includes(error.status);
      if (!isOver && !this.kubelet.isGone) throw error;
    }
  }
}

/**
 * Folders for the pod's `emptyDir` volumes. A process has no mounts of its own: the folder of the volume at /tmp becomes the process's
 * folder for temporary files and its home, as the image says HOME=/tmp.
 */
function mountedFolders(pod: KubernetesObject, directory: string): Record<string, string> {
  const [{ volumeMounts = [] }] = pod.spec.containers;
  mkdirSync(directory, { recursive: true });
  for (const { name, emptyDir } of pod.spec.volumes ?? []) {
    if (emptyDir === undefined) throw new Error(`kubelet.ts knows no other volumes than emptyDir, and not ${name}`);
    // It is there when the container starts again.
    mkdirSync(join(directory, name), { recursive: true });
  }
  const temporary = volumeMounts.find(({ mountPath }: KubernetesObject) => mountPath === "/tmp");
  if (temporary === undefined) return {};
  return { TMPDIR: join(directory, temporary.name), HOME: join(directory, temporary.name) };
}

/**
 * The last 80 lines or 2,048 bytes of the log, whichever are fewer: `terminationMessagePolicy: FallbackToLogsOnError`.
 * @see https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/kubelet/container/runtime.go MaxContainerTerminationMessageLogLength
 */
function terminationMessage(log: string): string {
  return Buffer.from(log.split("\n").slice(-81).join("\n")).subarray(-2048).toString();
}

export function condition(type: string, isTrue: boolean, reason?: string): KubernetesObject {
  return { type, status: isTrue ? "True" : "False", lastTransitionTime: new Date(), reason };
}

function bytesOf(quantity: string | undefined): number | undefined {
  if (quantity === undefined) return undefined;
  const [, amount, unit = ""] = /^(\d+)(Ki|Mi|Gi)?$/.exec(quantity) ?? [];
  const exponent = ["", "Ki", "Mi", "Gi"].indexOf(unit);
  if (amount === undefined) throw new Error(`kubelet.ts cannot read the quantity ${quantity}`);
  return Number(amount) * 1024 ** exponent;
}
