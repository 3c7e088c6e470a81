import type { ApiException, CoreV1Event, KubeConfig, V1Job, V1Pod } from "@kubernetes/client-node";
import { ProblemError } from "./problems.ts";

export type { CoreV1Event, V1Job, V1Pod };

/** The API server answers in milliseconds, unless it is away. */
const ANSWER_WITHIN_MS = 10_000;
const MOST_PODS = 1_000;
/** A pod has about five events, and the API server forgets them after an hour. */
const MOST_EVENTS = 2_000;

/** The part of the Kubernetes API that this server uses, in the namespace of the workers. */
export interface Cluster {
  /** @returns false if there is a Job of this name. */
  createJob(job: V1Job): Promise<boolean>;
  /** Undefined if there is none. */
  readJob(name: string): Promise<V1Job | undefined>;
  /**
   * Deletes a Job and its pods. Nothing happens if there is none.
   *
   * @param uid of the only Job that may be deleted: another one may have taken its place. @default any
   */
  deleteJob(name: string, uid?: string): Promise<void>;
  /** @returns at most 1,000, and the number of all. */
  listPods(labelSelector: string): Promise<{ readonly pods: readonly V1Pod[]; readonly total: number }>;
  /** The events about pods. */
  listPodEvents(): Promise<readonly CoreV1Event[]>;
}

/**
 * Connects to the cluster in which this process runs, with the token of its pod. The library takes 0.2 s to load, so that it is loaded here.
 *
 * @returns undefined if this process runs in no cluster.
 */
export async function connectToCluster(namespace: string): Promise<Cluster | undefined> {
  if (process.env.KUBERNETES_SERVICE_HOST === undefined) return undefined;
  return connect(namespace, (configuration) => configuration.loadFromCluster());
}

/** Connects to any cluster. @param load says which, and who this process is. */
export async function connect(namespace: string, load: (configuration: KubeConfig) => void): Promise<Cluster> {
  const client = await import("./kubernetes-client.ts");
  const configuration = new client.KubeConfig();
  load(configuration);
  const batch = configuration.makeApiClient(client.BatchV1Api);
  return clusterOf(batch, configuration.makeApiClient(client.CoreV1Api), namespace);
}

type Client = typeof import("./kubernetes-client.ts");
type Batch = InstanceType<Client["BatchV1Api"]>;
type Core = InstanceType<Client["CoreV1Api"]>;

/** The part of two clients of the library that this server uses. */
function clusterOf(batch: Batch, core: Core, namespace: string): Cluster {
  return {
    createJob: async (body) => {
      const job = await unless([409], "create a Job", () => batch.createNamespacedJob({ namespace, body }));
      return job !== undefined;
    },
    readJob: (name) => unless([404], "read a Job", () => batch.readNamespacedJob({ namespace, name })),
    deleteJob: async (name, uid) => {
      // The API server ignores the query of a request that has a body.
      const body = { propagationPolicy: "Background", ...(uid !== undefined && { preconditions: { uid } }) };
      await unless([404, 409], "delete a Job", () => batch.deleteNamespacedJob({ namespace, name, body }));
    },
    listPods: async (labelSelector) => {
      const { items, metadata } = await answer("list pods", () =>
        core.listNamespacedPod({ namespace, labelSelector, limit: MOST_PODS }),
      );
      return { pods: items, total: items.length + (metadata?.remainingItemCount ?? 0) };
    },
    listPodEvents: async () => {
      const fieldSelector = "involvedObject.kind=Pod";
      const { items } = await answer("list events", () =>
        core.listNamespacedEvent({ namespace, fieldSelector, limit: MOST_EVENTS }),
      );
      return items;
    },
  };
}

/** Undefined if the API server answers with one of the statuses. */
async function unless<T>(statuses: readonly number[], action: string, send: () => Promise<T>): Promise<T | undefined> {
  try {
    return await answer(action, send);
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as Partial<ApiException<unknown>>;
    if (code !== undefined && statuses.includes(code)) return undefined;
    throw error;
  }
}

/** @throws ProblemError with the words of the API server. */
async function answer<T>(action: string, send: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`)), ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([send(), late]);
  } catch (error) {
    throw explain(error, action);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A quota and an admission policy refuse with 403 and 422: their words tell the user what to change. Anything else is no fault of the
 * request.
 */
function explain(error: unknown, action: string): ProblemError {
  const { code, body, message } = error as Partial<ApiException<unknown>> & Error;
  const words = wordsOf(body) ?? message;
  if (code === 403 || code === 422) {
    return new ProblemError(403, `the cluster refuses to ${action}: ${words}`, { cause: error });
  }
  if (code !== undefined && code < 500 && code !== 429 && code !== 401) {
    return new ProblemError(409, `the cluster cannot ${action}: ${words}`, { cause: error });
  }
  const detail = `the cluster does not answer to "${action}": ${words}. Try again`;
  return new ProblemError(503, detail, { cause: error, retryAfterSeconds: 5 });
}

/** The message of a Status, which the client leaves as a text. */
function wordsOf(body: unknown): string | undefined {
  try {
    const { message } = (typeof body === "string" ? JSON.parse(body) : body) as { readonly message?: unknown };
    return typeof message === "string" ? message : undefined;
  } catch {
    return undefined;
  }
}
