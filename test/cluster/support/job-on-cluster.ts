import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readReceipt, sweep } from "../../support/sweep.ts";
import { Synthesized } from "../../support/synthesized.ts";
import type { ControlPlane } from "./control-plane.ts";
import { Door } from "./door.ts";
import { Gate } from "./gate.ts";
import { endOf } from "./jobs.ts";
import { Kubelet, type KubeletOptions } from "./kubelet.ts";
import type { KubernetesObject } from "./kubernetes-api.ts";
import { manifestsOf } from "./manifests.ts";
import { nodeOf } from "./nodes.ts";

/** What all jobs of a test share. */
export interface Surroundings {
  readonly plane: ControlPlane;
  /** URL of S3. */
  readonly s3: string;
  /** The variables of the credentials: see pod-identity.ts. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly image: KubeletOptions["image"];
  /** For files of the test. */
  readonly folder: string;
}

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
export class JobOnCluster {
  readonly kubelets: Kubelet[] = [];
  /** Every pod of the job that there ever was, by name, as it was last. */
  readonly pods = new Map<string, KubernetesObject>();
  private readonly waiting = new Set<() => void>();
  private readonly evaluatedFolder: string;
  private readonly watching = new AbortController();
  job: KubernetesObject = {};
  private configMap: KubernetesObject = {};

  private constructor(
    private readonly here: Surroundings,
    private readonly options: JobOptions,
    readonly gate: Gate,
    readonly door: Door,
  ) {
    this.evaluatedFolder = join(here.folder, `${options.name}-evaluated`);
    mkdirSync(this.evaluatedFolder);
    this.use(options.stacks.workload);
  }

  /** Starts the nodes, and makes the Job's Secret. The Job itself is made by {@link create}. */
  static async prepare(here: Surroundings, options: JobOptions): Promise<JobOnCluster> {
    const prepared = new JobOnCluster(here, options, await Gate.open(), await Door.before(here.s3));
    const { name, nodes = 1, pool = name } = options;
    for (let number = 1; number <= nodes; number++) {
      const { metadata, ...node } = nodeOf(options.stacks.platform, pool, `${name}-${number}`);
      // kwok acts for nodes with that annotation.
      const { annotations: _, ...ours } = metadata;
      const environment = { ...here.credentials, AWS_ENDPOINT_URL_S3: prepared.door.url };
      const kubelet = await Kubelet.start(here.plane, {
        node: { ...node, metadata: ours },
        image: here.image,
        environment,
      });
      prepared.kubelets.push(kubelet);
    }
    void prepared.watchPods();
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

  get name(): string {
    return this.options.name;
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
    const job = await this.here.plane.api.until(this.job, (now) => endOf(now) !== undefined, 500_000);
    return { ...job?.status, ended: endOf(job) };
  }

  /** Waits until the pods of the job are as wanted. */
  async untilPods(areWanted: (pods: readonly KubernetesObject[]) => boolean): Promise<KubernetesObject[]> {
    for (;;) {
      const pods = [...this.pods.values()];
      if (areWanted(pods)) return pods;
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  /** The pods that have ended, sorted by worker and time. */
  get endings(): PodEnding[] {
    const ended = [...this.pods.values()].filter(({ status }) => ["Succeeded", "Failed"].includes(status.phase));
    return ended.map(endingOf).sort((one, other) => one.worker - other.worker);
  }

  /** The log of a pod, on whichever node it was. */
  logOf(pod: KubernetesObject): string {
    return this.kubelets.flatMap(({ logs }) => logs.get(pod.metadata.name) ?? []).join("");
  }

  /** Lets the workers go on as soon as these pods have got SIGTERM: what they do next is what they do in their grace. */
  async releaseAfterSigterm(pods: readonly KubernetesObject[], end: () => Promise<unknown>): Promise<void> {
    const signals = pods.map(({ metadata: { name }, spec: { nodeName } }) => {
      const kubelet = this.kubelets.find((one) => one.name === nodeName);
      if (kubelet === undefined) throw new Error(`pod ${name} is on no node`);
      return once(kubelet.events, `SIGTERM ${name}`);
    });
    await end();
    await Promise.all(signals);
    this.gate.release();
  }

  /** Parameters that have results in the bucket. */
  async present(): Promise<number> {
    const { code, stdout } = await this.sweep(["status", this.resultsUrl, "--json"]);
    return code === 0 ? JSON.parse(stdout).present : 0;
  }

  /** Proves the results with `sweep verify`. @returns what it printed, and the receipt. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the receipt with toMatchObject.
  async verify(): Promise<{ readonly stdout: string; readonly receipt: any }> {
    const download = join(this.here.folder, `${this.name}-results`);
    const { code, stdout, stderr } = await this.sweep(["verify", this.resultsUrl, "--download", download]);
    if (code !== 0) throw new Error(`sweep verify ended with ${code}: ${stderr}`);
    return { stdout, receipt: readReceipt(download) };
  }

  /** How often each parameter was evaluated, by all pods together. */
  evaluations(): number[] {
    const times: number[] = new Array(Number(this.configMap.data.TOTAL_PARAMETERS)).fill(0);
    for (const file of readdirSync(this.evaluatedFolder)) {
      const bytes = readFileSync(join(this.evaluatedFolder, file));
      for (let at = 0; at < bytes.length; at += 4) {
        const parameter = bytes.readInt32LE(at);
        times[parameter] = (times[parameter] ?? 0) + 1;
      }
    }
    return times;
  }

  stop(): void {
    this.watching.abort();
    for (const kubelet of this.kubelets) kubelet.stop();
    this.gate.close();
    this.door.close();
  }

  private sweep(args: readonly string[]) {
    const env = { ...this.here.credentials, AWS_ENDPOINT_URL_S3: this.here.s3, AWS_REGION: "us-west-2" };
    return sweep(args, { env });
  }

  private async watchPods(): Promise<void> {
    const { api } = this.here.plane;
    const { namespace } = this.job.metadata;
    const query = `labelSelector=app.kubernetes.io%2Fname%3D${this.name}`;
    for await (const { object } of api.watch(`/api/v1/namespaces/${namespace}/pods`, query, this.watching.signal)) {
      this.pods.set(object.metadata.name, object);
      for (const resolve of this.waiting) resolve();
      this.waiting.clear();
    }
  }
}

/** The objects of some of Terraform's types in a stack. */
export function objectsOf({ json }: Synthesized, types: readonly string[]): KubernetesObject[] {
  const chosen = Object.entries(json.resource ?? {}).filter(([type]) => types.includes(type));
  const resolve = (expression: string) => (/bucket/.test(expression) ? "bucket" : "registry");
  return manifestsOf(new Synthesized({ resource: Object.fromEntries(chosen) }), resolve);
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
