import { EventEmitter } from "node:events";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "./control-plane.ts";
import { KubernetesApi, type KubernetesObject } from "./kubernetes-api.ts";
import { type ContainerSurroundings, condition, type NodeOfPods, PodOnNode } from "./pod-on-node.ts";

export interface KubeletOptions extends ContainerSurroundings {
  /** The node, with its labels, taints and resources. */
  readonly node: KubernetesObject;
}

/** The kubelet renews its lease every ten seconds: a quarter of its duration. */
const LEASE_SECONDS = 40;

/**
 * One node, on which the containers of pods are processes of this machine. It does what a kubelet does for pods with one container,
 * `emptyDir` volumes and no probes, and it is one for the API server: it has the rights of its node only.
 */
export class Kubelet implements NodeOfPods {
  /** Folder of the pods' volumes. */
  readonly folder: string;
  readonly api: KubernetesApi;
  /** `SIGTERM <pod>` when a container has got that signal. */
  readonly events = new EventEmitter();
  private readonly ending = new AbortController();
  private readonly pods = new Map<string, PodOnNode>();

  private constructor(
    private readonly plane: ControlPlane,
    readonly options: KubeletOptions,
  ) {
    // Inside the control plane's, which is removed even if Jest dies.
    this.folder = mkdtempSync(join(plane.folder, "kubelet-"));
    const { certificate, key } = plane.credentials(`system:node:${options.node.metadata.name}`, "system:nodes");
    this.api = new KubernetesApi({
      server: plane.server,
      certificateAuthority: plane.certificateAuthority,
      clientCertificate: certificate,
      clientKey: key,
    });
  }

  /** Resolves when the node is ready for pods. */
  static async start(plane: ControlPlane, options: KubeletOptions): Promise<Kubelet> {
    const kubelet = new Kubelet(plane, options);
    await kubelet.register();
    void kubelet.renewLease();
    void kubelet.watchPods();
    return kubelet;
  }

  get name(): string {
    return this.options.node.metadata.name;
  }

  get isGone(): boolean {
    return this.ending.signal.aborted;
  }

  /** The logs of all pods that have been on the node, by name. */
  get logs(): ReadonlyMap<string, string> {
    return new Map([...this.pods.values()].map(({ name, log }) => [name, log]));
  }

  /** Ends the container of a pod by SIGKILL. */
  killContainerOf(pod: KubernetesObject): void {
    this.pods.get(pod.metadata.uid)?.killContainer();
  }

  /** Ends everything at once. The node stays in the API, and never answers again. */
  stop(): void {
    this.ending.abort();
    for (const pod of this.pods.values()) pod.kill();
    this.api.close();
  }

  /** The machine is taken away without a notice. The cloud controller manager then deletes its Node, and nobody else has a word. */
  async lose(): Promise<void> {
    this.stop();
    await this.plane.api.delete(this.options.node);
    // A real lease belongs to its node, and goes with it.
    await this.plane.api.delete(this.lease);
  }

  private async register(): Promise<void> {
    const { node } = this.options;
    // Not ready at first, as every node: without this condition the scheduler would use a node that nobody has heard from.
    const conditions = [condition("Ready", false, "KubeletNotReady")];
    await this.api.create({ ...node, status: { ...node.status, conditions } });
    await this.api.create({
      ...this.lease,
      spec: { holderIdentity: this.name, leaseDurationSeconds: LEASE_SECONDS, renewTime: microTime() },
    });
    await this.reportReady();
    // The node controller takes the taint "not ready" away.
    await this.api.until(node, (now) => {
      const all: KubernetesObject[] = now?.spec.taints ?? [];
      return all.every(({ key }) => key !== "node.kubernetes.io/not-ready");
    });
  }

  private reportReady(): Promise<KubernetesObject> {
    const status = { conditions: [condition("Ready", true, "KubeletReady")] };
    return this.api.patch(this.options.node, { status }, "/status");
  }

  private get lease(): KubernetesObject {
    const metadata = { name: this.name, namespace: "kube-node-lease" };
    return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata };
  }

  private async renewLease(): Promise<void> {
    for (;;) {
      await sleep((LEASE_SECONDS / 4) * 1000, undefined, { ref: false });
      if (this.isGone) return;
      await this.api.patch(this.lease, { spec: { renewTime: microTime() } }).catch(() => {});
      // On a busy machine a lease may have run out meanwhile: the node is then not ready until its kubelet says that it is.
      await this.reportReady().catch(() => {});
    }
  }

  private async watchPods(): Promise<void> {
    const query = `fieldSelector=spec.nodeName%3D${this.name}`;
    for await (const { type, object } of this.api.watch("/api/v1/pods", query, this.ending.signal)) {
      const { uid } = object.metadata;
      const known = this.pods.get(uid);
      // Deleted by force, or by the pod garbage collector.
      if (type === "DELETED") known?.kill();
      else if (known !== undefined) known.update(object);
      else this.pods.set(uid, new PodOnNode(this, object));
    }
  }
}

/** Leases have microseconds. */
function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
