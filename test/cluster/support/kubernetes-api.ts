import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { HANG_MS } from "../../support/until.ts";

/** A Kubernetes object, as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into it with toMatchObject.
export type KubernetesObject = Record<string, any>;

export interface Connection {
  readonly server: string;
  readonly certificateAuthority: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

export interface RawResponse {
  readonly status: number;
  readonly text: string;
  /** The warnings that `kubectl` would print. */
  readonly warnings: readonly string[];
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubernetesObject;
}

/** Resources in a path by their kind, with the group and version of `apiVersion` before it. */
const plurals: Readonly<Record<string, { readonly plural: string; readonly namespaced: boolean }>> = {
  Namespace: { plural: "namespaces", namespaced: false },
  Node: { plural: "nodes", namespaced: false },
  Pod: { plural: "pods", namespaced: true },
  ConfigMap: { plural: "configmaps", namespaced: true },
  Secret: { plural: "secrets", namespaced: true },
  ServiceAccount: { plural: "serviceaccounts", namespaced: true },
  Job: { plural: "jobs", namespaced: true },
  CronJob: { plural: "cronjobs", namespaced: true },
  Role: { plural: "roles", namespaced: true },
  RoleBinding: { plural: "rolebindings", namespaced: true },
  ClusterRole: { plural: "clusterroles", namespaced: false },
  ClusterRoleBinding: { plural: "clusterrolebindings", namespaced: false },
  DaemonSet: { plural: "daemonsets", namespaced: true },
  Deployment: { plural: "deployments", namespaced: true },
  NetworkPolicy: { plural: "networkpolicies", namespaced: true },
  Ingress: { plural: "ingresses", namespaced: true },
  IngressClass: { plural: "ingressclasses", namespaced: false },
  IngressClassParams: { plural: "ingressclassparams", namespaced: false },
  Service: { plural: "services", namespaced: true },
  HorizontalPodAutoscaler: { plural: "horizontalpodautoscalers", namespaced: true },
  PodDisruptionBudget: { plural: "poddisruptionbudgets", namespaced: true },
  Lease: { plural: "leases", namespaced: true },
  CustomResourceDefinition: { plural: "customresourcedefinitions", namespaced: false },
  ScaledObject: { plural: "scaledobjects", namespaced: true },
  ResourceQuota: { plural: "resourcequotas", namespaced: true },
  PriorityClass: { plural: "priorityclasses", namespaced: false },
  ValidatingAdmissionPolicy: { plural: "validatingadmissionpolicies", namespaced: false },
  ValidatingAdmissionPolicyBinding: { plural: "validatingadmissionpolicybindings", namespaced: false },
  TriggerAuthentication: { plural: "triggerauthentications", namespaced: true },
};

/** Path of an object, or without a name of all objects of its kind (in its namespace). */
export function pathOf(object: KubernetesObject): string {
  const { apiVersion, kind, metadata = {} } = object;
  const resource = plurals[kind];
  if (resource === undefined) throw new Error(`kubernetes-api.ts does not know the kind ${kind}`);
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const namespace = resource.namespaced && metadata.namespace !== undefined ? `/namespaces/${metadata.namespace}` : "";
  const name = metadata.name === undefined ? "" : `/${metadata.name}`;
  return `${group}${namespace}/${resource.plural}${name}`;
}

function pathToCreate(object: KubernetesObject): string {
  const { name: _, ...metadata } = object.metadata;
  return `${pathOf({ ...object, metadata })}?fieldValidation=Strict`;
}

/**
 * A client of the Kubernetes API that sends and returns JSON as it is. `@kubernetes/client-node` drops the fields that its own models
 * do not have, so that a strict API server would never see a wrong one; it also needs a newer Node.js than this repository.
 */
export class KubernetesApi {
  private readonly agent: Agent;
  private readonly watches = new Set<AbortController>();

  constructor(private readonly connection: Connection) {
    const { certificateAuthority, clientCertificate, clientKey } = connection;
    const credentials = { ca: certificateAuthority, cert: clientCertificate, key: clientKey };
    this.agent = new Agent({ ...credentials, keepAlive: true, maxSockets: 32 });
  }

  /** One request, whatever its status. */
  async raw(method: string, path: string, body?: unknown, contentType = "application/json"): Promise<RawResponse> {
    const response = await this.send(method, path, body, contentType, AbortSignal.timeout(60_000));
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += chunk;
    // `299 - "text"`, one for each warning.
    const warnings = [response.headers.warning ?? []].flat().flatMap((header) => header.split(/,\s*(?=299 )/));
    return { status: response.statusCode ?? 0, text, warnings };
  }

  /** @throws Error with the server's own words if it refuses, or warns. */
  async json(method: string, path: string, body?: unknown, contentType?: string): Promise<KubernetesObject> {
    const { status, text, warnings } = await this.raw(method, path, body, contentType);
    if (status >= 400) throw new KubernetesError(`${method} ${path}: ${status} ${messageIn(text)}`, status);
    if (warnings.length > 0) throw new KubernetesError(`${method} ${path}: ${warnings.join("\n")}`, status);
    return JSON.parse(text);
  }

  get(path: string): Promise<KubernetesObject> {
    return this.json("GET", path);
  }

  async list(path: string): Promise<KubernetesObject[]> {
    const { apiVersion, kind, items } = await this.get(path);
    // The objects of a list leave out their kind, which its own name has: PodList.
    return items.map((object: KubernetesObject) => ({ apiVersion, kind: kind.replace(/List$/, ""), ...object }));
  }

  /** Creates an object. A field that the API does not have is an error, and so is a warning. */
  async create(object: KubernetesObject): Promise<KubernetesObject> {
    return this.json("POST", pathToCreate(object), object);
  }

  /** Creates an object unless there is one of this name. */
  async ensure(object: KubernetesObject): Promise<void> {
    await this.create(object).catch((error) => {
      if (!(error instanceof KubernetesError && error.status === 409)) throw error;
    });
  }

  /** Changes fields of an object (JSON merge patch). `subresource` is for example `/status`. */
  patch(object: KubernetesObject, changes: KubernetesObject, subresource = ""): Promise<KubernetesObject> {
    const path = `${pathOf(object)}${subresource}?fieldValidation=Strict`;
    return this.json("PATCH", path, changes, "application/merge-patch+json");
  }

  delete(object: KubernetesObject, options: KubernetesObject = {}): Promise<KubernetesObject> {
    return this.json("DELETE", pathOf(object), { propagationPolicy: "Background", ...options });
  }

  /** Asks a pod to leave its node, as `kubectl drain` does. */
  evict(pod: KubernetesObject): Promise<KubernetesObject> {
    const { name, namespace } = pod.metadata;
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
    return this.json("POST", `${pathOf(pod)}/eviction`, eviction);
  }

  /**
   * What happens to objects of a path; first an event ADDED for each that there is, unless `query` has a resourceVersion. It ends with
   * the signal, and when the API is closed.
   * @param query for example `labelSelector=...`
   */
  async *watch(path: string, query = "", signal?: AbortSignal): AsyncGenerator<WatchEvent> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    this.watches.add(controller);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    try {
      const response = await this.send("GET", `${path}?watch=true&${query}`, undefined, undefined, controller.signal);
      if (response.statusCode !== 200) throw new Error(`watch ${path}: ${response.statusCode}`);
      // An abort after the last event is nobody's error.
      response.on("error", () => {});
      let rest = "";
      for await (const chunk of response.setEncoding("utf8")) {
        const lines = `${rest}${chunk}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const event = JSON.parse(line);
          if (event.type === "ERROR") throw new Error(`watch ${path}: ${event.object.message}`);
          yield event;
        }
      }
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    } finally {
      abort();
      signal?.removeEventListener("abort", abort);
      this.watches.delete(controller);
    }
  }

  /**
   * Waits until an object is as wanted, and returns it. `undefined` is given where the object has been deleted.
   * @throws Error with the object's last state if it never becomes so.
   */
  async until(
    object: KubernetesObject,
    isWanted: (object: KubernetesObject | undefined) => boolean,
    hangMs = HANG_MS,
  ): Promise<KubernetesObject | undefined> {
    const { name, ...metadata } = object.metadata;
    const path = pathOf({ ...object, metadata });
    const query = `fieldSelector=metadata.name%3D${name}`;
    // A watch alone says nothing of an object that there is not.
    const { items, metadata: listed } = await this.get(`${path}?${query}`);
    let last: KubernetesObject | undefined = items[0];
    if (isWanted(last)) return last;
    const signal = AbortSignal.timeout(hangMs);
    for await (const event of this.watch(path, `${query}&resourceVersion=${listed.resourceVersion}`, signal)) {
      last = event.type === "DELETED" ? undefined : event.object;
      if (isWanted(last)) return last;
    }
    throw new Error(`${pathOf(object)} is not as wanted: ${JSON.stringify(last, undefined, 2)}`);
  }

  close(): void {
    for (const watch of this.watches) watch.abort();
    this.agent.destroy();
  }

  private send(
    method: string,
    path: string,
    body: unknown,
    contentType: string | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((done, failed) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      // With its length: Node.js sends the body of a DELETE without one, and the server takes it for the next request.
      const content = { "content-type": contentType, "content-length": Buffer.byteLength(text) };
      const headers = { accept: "application/json", ...(text !== "" && content) };
      const sent = request(`${this.connection.server}${path}`, { method, agent: this.agent, headers, signal });
      sent.on("response", done).on("error", (error: NodeJS.ErrnoException) => {
        // The server had closed the idle connection: https://nodejs.org/api/http.html#requestreusedsocket
        const isStale = sent.reusedSocket && error.code === "ECONNRESET" && !signal.aborted;
        if (isStale) this.send(method, path, body, contentType, signal).then(done, failed);
        else failed(error);
      });
      sent.end(text);
    });
  }
}

export class KubernetesError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

function messageIn(text: string): string {
  try {
    return JSON.parse(text).message;
  } catch {
    return text;
  }
}
