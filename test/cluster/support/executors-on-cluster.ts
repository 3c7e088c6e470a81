import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "../../../worker/src/stores/open.ts";
import { REPORT_FILES } from "../../../worker/src/stores/store.ts";
import type { Synthesized } from "../../support/synthesized.ts";
import { Door } from "./door.ts";
import { Gate } from "./gate.ts";
import { type KubernetesObject, pathOf } from "./kubernetes-api.ts";
import { objectsOf, PodsOnCluster, type Surroundings } from "./pods-on-cluster.ts";

/** How often the bucket is asked for something that no event tells, in milliseconds. */
const ASK_EVERY_MS = 200;

/** The executors of one size of an environment. */
export interface ExecutorsOptions {
  readonly stacks: { readonly platform: Synthesized; readonly workload: Synthesized };
  readonly size: string;
  /** The pool of that size. */
  readonly pool: string;
  readonly queueUrl: string;
  /** Environment variables of the containers, beside those of their pods, and of whoever submits a run. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Parameters at which the evaluations ask the gate. @default [] */
  readonly askAt?: readonly number[];
}

/** How a container of an executor has ended for good, as its pod said last. */
export interface ExecutorEnding {
  readonly phase: string;
  readonly exitCode: number | undefined;
  readonly restarts: number;
}

/** One Deployment of a synthesized workload stack, on a node of its own. */
export class ExecutorsOnCluster extends PodsOnCluster {
  private deployment: KubernetesObject = {};
  private configMap: KubernetesObject = {};
  private ignoresReplicas = false;
  private queueUrl = "";
  private environment: Readonly<Record<string, string>> = {};

  /** Starts the node. The Deployment is made by {@link apply}. */
  static async prepare(here: Surroundings, options: ExecutorsOptions): Promise<ExecutorsOnCluster> {
    const { stacks, size, pool, queueUrl, askAt = [], environment = {} } = options;
    mkdirSync(here.folder, { recursive: true });
    const prepared = new ExecutorsOnCluster(here, `executor-${size}`, await Gate.open(), await Door.before(here.s3));
    prepared.environment = environment;
    prepared.use(stacks.workload, queueUrl);
    const watched = {
      ASK_URL: prepared.gate.url,
      ASK_AT: askAt.join(","),
      EVALUATED_FOLDER: prepared.evaluatedFolder,
    };
    await prepared.startNodes({
      platform: stacks.platform,
      pool,
      count: 1,
      environment: { ...watched, ...environment },
    });
    void prepared.watchPods(prepared.deployment.metadata.namespace);
    return prepared;
  }

  /** Chooses the Deployment of another synthesis, or another queue: {@link apply} then sends that one. */
  use(workload: Synthesized, queueUrl = this.queueUrl): void {
    this.queueUrl = queueUrl;
    const type = "kubernetes_deployment_v1";
    const [address] = workload.addresses.filter(
      (one) => one.startsWith(`${type}.`) && workload.resources.get(one)?.metadata.name === this.name,
    );
    if (address === undefined) throw new Error(`there is no Deployment ${this.name}`);
    const ignored: string[] = workload.resources.get(address)?.lifecycle?.ignore_changes ?? [];
    this.ignoresReplicas = ignored.includes("spec[0].replicas");
    const named = (types: readonly string[], resolve: (expression: string) => string) => {
      const found = objectsOf(workload, types, resolve).find(({ metadata }) => metadata.name === this.name);
      if (found === undefined) throw new Error(`the stack has no ${types} ${this.name}`);
      return found;
    };
    const resolve = (expression: string) =>
      /sqs_queue/.test(expression) ? this.queueUrl : /bucket/.test(expression) ? "bucket" : "registry";
    this.configMap = named(["kubernetes_config_map_v1"], resolve);
    const hash = createHash("sha256").update(JSON.stringify(this.configMap.data)).digest("hex");
    this.deployment = named([type], (expression) => (/^sha256\(/.test(expression) ? hash : resolve(expression)));
  }

  /** The place of all runs: `s3://<bucket>/<prefix>`. */
  get resultsRoot(): string {
    return this.configMap.data.RESULTS_ROOT;
  }

  /**
   * Sends what the Terraform provider sends: at an update a whole `spec`, with the replicas of its last look at the Deployment where
   * changes of them are ignored.
   * @see https://github.com/hashicorp/terraform-provider-kubernetes/blob/v2.38.0/kubernetes/resource_kubernetes_deployment_v1.go
   */
  async apply(): Promise<KubernetesObject> {
    await this.applyPart(this.configMap, "data", this.configMap.data);
    const replicas = this.ignoresReplicas ? (await this.read())?.spec.replicas : undefined;
    const { spec } = this.deployment;
    return this.applyPart(this.deployment, "spec", replicas === undefined ? spec : { ...spec, replicas });
  }

  private async applyPart(object: KubernetesObject, part: string, value: unknown): Promise<KubernetesObject> {
    const { api } = this.here.plane;
    if ((await api.raw("GET", pathOf(object))).status === 404) return api.create(object);
    const operation = [{ op: "replace", path: `/${part}`, value }];
    return api.json("PATCH", `${pathOf(object)}?fieldValidation=Strict`, operation, "application/json-patch+json");
  }

  /** Gives a run to the queue, as a user does: `sweep submit`. */
  async submit(run: string, args: readonly string[]): Promise<void> {
    const place = ["--queue", this.queueUrl, "--results-root", this.resultsRoot, "--name", run];
    const { code, stderr } = await this.sweep(["submit", ...args, ...place], this.environment);
    if (code !== 0) throw new Error(`sweep submit ended with ${code}: ${stderr}`);
  }

  /** Changes the number of executors, as KEDA and its HorizontalPodAutoscaler do. */
  async scale(replicas: number): Promise<void> {
    await this.here.plane.api.patch(this.deployment, { spec: { replicas } }, "/scale");
  }

  /** The Deployment as it is; undefined if it is not there. */
  async read(): Promise<KubernetesObject | undefined> {
    const { status, text } = await this.here.plane.api.raw("GET", pathOf(this.deployment));
    return status === 404 ? undefined : JSON.parse(text);
  }

  /** Waits until the Deployment has so many executors, all of its newest form and ready, and none that is ending. */
  async untilReady(replicas: number): Promise<KubernetesObject> {
    const deployment = await this.here.plane.api.until(this.deployment, (now) => {
      const { observedGeneration, updatedReplicas = 0, replicas: all = 0, readyReplicas = 0 } = now?.status ?? {};
      const isSeen = observedGeneration === now?.metadata.generation;
      return isSeen && [updatedReplicas, all, readyReplicas].every((count) => count === replicas);
    });
    await this.untilPods((pods) => pods.filter(({ isGone }) => !isGone).length === replicas);
    return deployment ?? {};
  }

  /** Does something that ends so many executors, and resolves with those when they have got SIGTERM. */
  async terminated(count: number, act: () => Promise<unknown>): Promise<KubernetesObject[]> {
    const ending: KubernetesObject[] = [];
    const enough = new Promise<void>((resolve) => {
      for (const pod of this.pods.values()) {
        const kubelet = this.kubelets.find(({ name }) => name === pod.spec.nodeName);
        if (kubelet === undefined || pod.isGone) continue;
        void once(kubelet.events, `SIGTERM ${pod.metadata.name}`).then(() => {
          if (ending.push(pod) === count) resolve();
        });
      }
    });
    await act();
    await enough;
    return ending;
  }

  /** How the pods that are gone have ended. */
  get endings(): ExecutorEnding[] {
    return [...this.pods.values()]
      .filter(({ isGone }) => isGone)
      .map(({ status: { phase, containerStatuses = [] } }) => ({
        phase,
        exitCode: containerStatuses[0]?.state.terminated?.exitCode,
        restarts: containerStatuses[0]?.restartCount ?? 0,
      }));
  }

  get allLogs(): string {
    return this.kubelets.flatMap(({ logs }) => [...logs.values()]).join("");
  }

  /** Waits until a run has its receipt, which an executor writes when it has verified the complete run. */
  async untilReceipt(run: string): Promise<void> {
    const store = await openStore(`${this.resultsRoot}/${run}`);
    while ((await (await store.read()).readReport(REPORT_FILES.receipt)) === undefined) await sleep(ASK_EVERY_MS);
  }

  /** Proves the results of a run with `sweep verify`. */
  verify(run: string) {
    return this.verifyAt(`${this.resultsRoot}/${run}`);
  }

  /** Takes the node away, when nothing runs on it any more. */
  async leave(): Promise<void> {
    for (const kubelet of this.kubelets) await kubelet.lose();
    this.stop();
  }

  evaluations(totalParameters: number): number[] {
    return this.evaluationsOf(totalParameters);
  }
}
