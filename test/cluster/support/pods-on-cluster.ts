import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readReceipt, sweep } from "../../support/sweep.ts";
import { Synthesized } from "../../support/synthesized.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Door } from "./door.ts";
import type { Gate } from "./gate.ts";
import { Kubelet, type KubeletOptions } from "./kubelet.ts";
import type { KubernetesObject } from "./kubernetes-api.ts";
import { manifestsOf, type Resolve } from "./manifests.ts";
import { machineOf } from "./nodes.ts";

/** What all workloads of a test share. */
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

/** Nodes of a pool. */
export interface NodesOptions {
  readonly platform: Synthesized;
  readonly pool: string;
  readonly count: number;
  /** Environment variables of the containers, beside those of their pods. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A workload whose pods are processes, on nodes of its own. */
export class PodsOnCluster {
  readonly kubelets: Kubelet[] = [];
  /** Every pod of the workload that there ever was, by name, as it was last. */
  readonly pods = new Map<string, KubernetesObject>();
  /** The evaluations of watched.mts write there which parameters they evaluate. */
  protected readonly evaluatedFolder: string;
  private readonly waiting = new Set<() => void>();
  private readonly watching = new AbortController();

  protected constructor(
    protected readonly here: Surroundings,
    readonly name: string,
    readonly gate: Gate,
    /** The way of the pods to S3. */
    readonly door: Door,
  ) {
    this.evaluatedFolder = join(here.folder, `${name}-evaluated`);
    mkdirSync(this.evaluatedFolder);
  }

  protected async startNodes({ platform, pool, count, environment }: NodesOptions): Promise<void> {
    for (let number = 1; number <= count; number++) {
      const kubelet = await Kubelet.start(this.here.plane, {
        node: machineOf(platform, pool, `${this.name}-${number}`),
        image: this.here.image,
        environment: { ...this.here.credentials, AWS_ENDPOINT_URL_S3: this.door.url, ...environment },
      });
      this.kubelets.push(kubelet);
    }
  }

  protected async watchPods(namespace: string): Promise<void> {
    const query = `labelSelector=app.kubernetes.io%2Fname%3D${this.name}`;
    const path = `/api/v1/namespaces/${namespace}/pods`;
    for await (const { type, object } of this.here.plane.api.watch(path, query, this.watching.signal)) {
      this.pods.set(object.metadata.name, { ...object, isGone: type === "DELETED" });
      for (const resolve of this.waiting) resolve();
      this.waiting.clear();
    }
  }

  /** Waits until the pods are as wanted. Those that are gone have `isGone`. */
  async untilPods(areWanted: (pods: readonly KubernetesObject[]) => boolean): Promise<KubernetesObject[]> {
    for (;;) {
      const pods = [...this.pods.values()];
      if (areWanted(pods)) return pods;
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  /** The log of a pod, on whichever node it was. */
  logOf(pod: KubernetesObject): string {
    return this.kubelets.flatMap(({ logs }) => logs.get(pod.metadata.name) ?? []).join("");
  }

  /** Lets the evaluations go on as soon as these pods have got SIGTERM: what they do next is what they do in their grace. */
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

  /** How often each of so many parameters was evaluated, by all pods together. */
  protected evaluationsOf(totalParameters: number): number[] {
    const times: number[] = new Array(totalParameters).fill(0);
    for (const file of readdirSync(this.evaluatedFolder)) {
      const bytes = readFileSync(join(this.evaluatedFolder, file));
      for (let at = 0; at < bytes.length; at += 4) {
        const parameter = bytes.readInt32LE(at);
        times[parameter] = (times[parameter] ?? 0) + 1;
      }
    }
    return times;
  }

  /** Parameters of a run that have results in the bucket. */
  protected async presentIn(resultsUrl: string): Promise<number> {
    const { code, stdout } = await this.sweep(["status", resultsUrl, "--json"]);
    return code === 0 ? JSON.parse(stdout).present : 0;
  }

  /** Proves the results of a run with `sweep verify`. @returns what it printed, and the receipt. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the receipt with toMatchObject.
  protected async verifyAt(resultsUrl: string): Promise<{ readonly stdout: string; readonly receipt: any }> {
    const download = join(this.here.folder, `${this.name}-${resultsUrl.split("/").at(-1)}-results`);
    const { code, stdout, stderr } = await this.sweep(["verify", resultsUrl, "--download", download]);
    if (code !== 0) throw new Error(`sweep verify ended with ${code}: ${stderr}`);
    return { stdout, receipt: readReceipt(download) };
  }

  stop(): void {
    this.watching.abort();
    for (const kubelet of this.kubelets) kubelet.stop();
    this.gate.close();
    this.door.close();
  }

  /** The program, on a laptop with access to the bucket. */
  protected sweep(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const { credentials, s3 } = this.here;
    return sweep(args, { env: { ...credentials, AWS_ENDPOINT_URL_S3: s3, AWS_REGION: "us-west-2", ...environment } });
  }
}

const bucketAndRegistry: Resolve = (expression) => (/bucket/.test(expression) ? "bucket" : "registry");

/** The objects of some of Terraform's types in a stack. */
export function objectsOf(
  { json }: Synthesized,
  types: readonly string[],
  resolve: Resolve = bucketAndRegistry,
): KubernetesObject[] {
  const chosen = Object.entries(json.resource ?? {}).filter(([type]) => types.includes(type));
  return manifestsOf(new Synthesized({ resource: Object.fromEntries(chosen) }), resolve);
}
