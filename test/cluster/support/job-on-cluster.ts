import type { Synthesized } from "../../support/synthesized.ts";
import { Door } from "./door.ts";
import { Gate } from "./gate.ts";
import { endOf } from "./jobs.ts";
import type { KubernetesObject } from "./kubernetes-api.ts";
import { objectsOf, PodsOnCluster, type Surroundings } from "./pods-on-cluster.ts";

/** The stacks of one environment, and the name of one of its jobs, which has a pool of the same name for itself. */
export interface JobOptions {
  readonly stacks: { readonly platform: Synthesized; readonly workload: Synthesized };
  readonly name: string;
  readonly pool?: string;
  /** Number of nodes. @default 1 */
  readonly nodes?: number;
}

/** How a pod has ended, as its object said last. */
export interface PodEnding {
  readonly worker: number;
  readonly phase: string;
  readonly exitCode: number | undefined;
  readonly reason: string | undefined;
  /** The reason of the condition DisruptionTarget. */
  readonly disruption: string | undefined;
}

/** One Job of a synthesized workload stack, on nodes of its own. */
export class JobOnCluster extends PodsOnCluster {
  job: KubernetesObject = {};
  private configMap: KubernetesObject = {};

  /** Starts the nodes, and makes the Job's Secret. The Job itself is made by {@link create}. */
  static async prepare(here: Surroundings, options: JobOptions): Promise<JobOnCluster> {
    const { name, stacks, nodes = 1, pool = name } = options;
    const prepared = new JobOnCluster(here, name, await Gate.open(), await Door.before(here.s3));
    prepared.use(stacks.workload);
    await prepared.startNodes({ platform: stacks.platform, pool, count: nodes });
    void prepared.watchPods(prepared.job.metadata.namespace);
    return prepared;
  }

  /** Chooses the Job of another synthesis: {@link create} then makes that one. */
  use(workload: Synthesized): void {
    const objects = objectsOf(workload, ["kubernetes_job_v1", "kubernetes_config_map_v1"]);
    const named = (kind: string) =>
      objects.find((object) => object.kind === kind && object.metadata.labels["app.kubernetes.io/name"] === this.name);
    const [job, configMap] = [named("Job"), named("ConfigMap")];
    if (job === undefined || configMap === undefined) throw new Error(`there is no job ${this.name}`);
    this.job = job;
    this.configMap = configMap;
  }

  get resultsUrl(): string {
    return this.configMap.data.RESULTS_URL;
  }

  /** The Secret of the job: watched.mts asks the gate at these parameters. */
  async createSecret(askAt: readonly number[]): Promise<void> {
    const entries = { ASK_URL: this.gate.url, ASK_AT: askAt.join(","), EVALUATED_FOLDER: this.evaluatedFolder };
    const { namespace } = this.job.metadata;
    const metadata = { name: `${this.name}-secret`, namespace };
    await this.here.plane.api.create({ apiVersion: "v1", kind: "Secret", metadata, stringData: entries });
  }

  async create(): Promise<void> {
    await this.here.plane.api.create(this.configMap);
    await this.here.plane.api.create(this.job);
  }

  async delete(): Promise<void> {
    for (const object of [this.job, this.configMap]) await this.here.plane.api.delete(object);
  }

  /** Waits until the Job has ended. @returns its status, with the condition that says how. */
  async untilEnded(): Promise<KubernetesObject> {
    // A worker that fails again and again is started again after 10, 20, 40 and 80 s.
    const job = await this.here.plane.api.until(this.job, (now) => endOf(now) !== undefined);
    return { ...job?.status, ended: endOf(job) };
  }

  /** The pods that have ended, sorted by worker and time. */
  get endings(): PodEnding[] {
    const ended = [...this.pods.values()].filter(({ status }) => ["Succeeded", "Failed"].includes(status.phase));
    return ended.map(endingOf).sort((one, other) => one.worker - other.worker);
  }

  /** Parameters that have results in the bucket. */
  present(): Promise<number> {
    return this.presentIn(this.resultsUrl);
  }

  /** Proves the results with `sweep verify`. */
  verify() {
    return this.verifyAt(this.resultsUrl);
  }

  /** How often each parameter was evaluated, by all pods together. */
  evaluations(): number[] {
    return this.evaluationsOf(Number(this.configMap.data.TOTAL_PARAMETERS));
  }
}

/** The number of a pod's worker. */
export function workerOf(pod: KubernetesObject): number {
  return Number(pod.metadata.labels["batch.kubernetes.io/job-completion-index"]);
}

export function endingOf(pod: KubernetesObject): PodEnding {
  const { phase, conditions = [], containerStatuses = [] } = pod.status;
  const { terminated } = containerStatuses[0]?.state ?? {};
  const disruption = conditions.find(
    ({ type, status }: KubernetesObject) => type === "DisruptionTarget" && status === "True",
  );
  return {
    worker: workerOf(pod),
    phase,
    exitCode: terminated?.exitCode,
    reason: terminated?.reason,
    disruption: disruption?.reason,
  };
}
